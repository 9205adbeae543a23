"""Our own screen as a standard road sign, for an emergency centre that speaks NTCIP 1203. Off unless configured."""

from ledsign.ntcip_agent.agent import NtcipAgent, Policy
from ledsign.ntcip_agent.desk import NOTHING_MAY, DeclinedError, Desk
from ledsign.ntcip_agent.wish import CentreMessage, CentrePage

__all__ = ["NOTHING_MAY", "CentreMessage", "CentrePage", "DeclinedError", "Desk", "NtcipAgent", "Policy"]
