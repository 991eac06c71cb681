"""What nobody needs any more: found in a store and on this machine, and removed.

What stays is decided by the rules of `records.retention`, which a trainer keeps too; this is for what
interruptions left behind. Every document that cannot be read keeps what it might refer to.
"""

from kvjob.retention.cleanup import Cleanup, Kept, find_waste
from kvjob.retention.remove import Outcome, remove
from kvjob.retention.waste import KINDS, Waste

__all__ = ["KINDS", "Cleanup", "Kept", "Outcome", "Waste", "find_waste", "remove"]
