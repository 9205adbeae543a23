"""What a CP5200 card's answers to calls mean: they name the call, but not the packet."""

from ledsign.errors import ProtocolError
from ledsign.protocol.codec import Judgement, Verdict
from ledsign.protocol.cp5200 import calls, packets, templates
from ledsign.protocol.cp5200.packets import Burst, CallReply, Part

_LEAST = {templates.QueryTemplate.CODE: 3, templates.QueryPrograms.CODE: 7}  # bytes of an answer


def of_call(call: calls.Call, index: int, reply: CallReply) -> Judgement:
    """What an answer means for packet ``index`` of a call."""
    # PO and TP are the reply's own (00 00); a card that repeats the request's is taken as well
    echoes = reply.last > 0 and reply.index == index
    template = call.code >= templates.DefineTemplate.CODE  # only these have answers with data
    if reply.cc != call.code or ((reply.index, reply.last) != (0, 0) and not echoes):
        return Judgement(Verdict.FOREIGN)
    if reply.type == packets.REQUEST and reply.data and not (template and reply.data != call.pack()):
        return Judgement(Verdict.FOREIGN)  # our own packet, heard back from a two-wire line
    if not reply.status and len(reply.data) < _LEAST.get(call.code, 0):
        return Judgement(Verdict.FOREIGN)
    known = {0: Verdict.CONFIRMED, 1: Verdict.DAMAGED, 2: Verdict.DISORDER}
    if template:  # here 01 says that there is no template
        lost = call.code != templates.TemplateMode.CODE
        known |= dict.fromkeys((1, templates.NOT_IN_MODE), Verdict.DISORDER if lost else Verdict.REFUSED)
    verdict = known.get(reply.status, Verdict.REFUSED)
    return Judgement(verdict, reply.status, templates.REFUSALS.get(reply.status, ""))


def of_upload(burst: Burst, reply: CallReply) -> Judgement:
    """What an answer means for packets in a row."""
    heard_back = any(isinstance(body, Part) and body.data[1:] == reply.data for body in burst.bodies)
    if reply.cc not in (burst.cc, templates.STATUS_ANSWER) or heard_back:
        return Judgement(Verdict.FOREIGN)
    if reply.status:
        lost = reply.status in (templates.NO_TEMPLATE, 2, templates.NOT_IN_MODE)
        verdict = Verdict.DISORDER if lost else Verdict.REFUSED
        return Judgement(verdict, reply.status, templates.REFUSALS.get(reply.status, ""))
    try:
        mine = templates.Progress.unpack(reply.data).user == burst.user
    except ProtocolError:
        mine = False
    return Judgement(Verdict.CONFIRMED if mine else Verdict.FOREIGN)
