"""Our own screen as a standard road sign, for an emergency centre that speaks NTCIP 1203. Off unless configured."""

from ledsign.ntcip_agent.agent import Desk, NtcipAgent, Policy
from ledsign.ntcip_agent.wish import CentreMessage, CentrePage

__all__ = ["CentreMessage", "CentrePage", "Desk", "NtcipAgent", "Policy"]
