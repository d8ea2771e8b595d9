"""The numbers of PostgreSQL's advisory locks, each within its service's database."""

MIGRATIONS = 4_711_001

# Held exclusively by the one publisher that versions before the lanes had, and shared by every publisher
# since: so during a rolling
# upgrade either the old one publishes or the new ones do.
HISTORY_PUBLISHERS = SPOOL_PUBLISHERS = 4_711_002
OUTCOME_PUBLISHERS = 4_711_003

# Tracker's; the outcomes' lock is notifier's.
LEDGER_FOLD = 4_711_003
READS_CHAIN = 4_711_005
