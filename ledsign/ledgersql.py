"""The ledger's tables and the questions its writer asks of them. Statements of ``TABLES`` are only ever appended."""

from ledsign.evidence import EVENT, ROOT

TABLES = (
    """CREATE TABLE ledger (
        seq INTEGER PRIMARY KEY,
        line TEXT NOT NULL,
        hash BLOB NOT NULL,
        notice TEXT GENERATED ALWAYS AS (json_extract(line, '$.notice_id')) VIRTUAL,
        day TEXT GENERATED ALWAYS AS (substr(json_extract(line, '$.shown_at'), 1, 10)) VIRTUAL
    )""",
    "CREATE INDEX ledger_notice ON ledger (notice, seq) WHERE notice IS NOT NULL",
    "CREATE INDEX ledger_day ON ledger (day, seq)",
    """CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    # also stops INSERT OR REPLACE, which fires no delete trigger
    """CREATE TRIGGER ledger_in_order BEFORE INSERT ON ledger
        WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM ledger)
        BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    "CREATE TABLE exposure (panel TEXT, notice TEXT, revision INTEGER, state TEXT NOT NULL,"
    " PRIMARY KEY (panel, notice, revision)) WITHOUT ROWID",
    "CREATE TABLE exposure_day (panel TEXT, notice TEXT, revision INTEGER, day TEXT,"
    " PRIMARY KEY (panel, notice, revision, day)) WITHOUT ROWID",
    # every row up to `upto` is settled with the town; the two tables below hold what is out of order
    "CREATE TABLE ledger_outbox (id INTEGER PRIMARY KEY CHECK (id = 1), upto INTEGER NOT NULL)",
    "INSERT INTO ledger_outbox VALUES (1, 0)",
    "CREATE TABLE ledger_settled (seq INTEGER PRIMARY KEY)",
    "CREATE TABLE ledger_rejected (seq INTEGER PRIMARY KEY, reason TEXT NOT NULL)",
    "CREATE INDEX ledger_dark ON ledger (json_extract(line, '$.detail.id'), json_extract(line, '$.detail.revision'))"
    " WHERE json_extract(line, '$.kind') = 'dark'",
    "DROP INDEX ledger_dark",
    "CREATE INDEX ledger_event ON ledger (json_extract(line, '$.kind')) WHERE json_extract(line, '$.row') = 'event'",
)
BELIEVED = "SELECT line FROM ledger WHERE json_extract(line, '$.clock') IS NOT 'untrusted' ORDER BY seq DESC LIMIT 1"
DARKENED = (
    "SELECT json_extract(line, '$.detail.id'), max(json_extract(line, '$.detail.revision')) FROM ledger"
    f" WHERE {EVENT} = 'dark' GROUP BY 1"
)
LAST_ROOT = f"SELECT coalesce(max(json_extract(line, '$.detail.seq')), 0) FROM ledger WHERE {EVENT} = '{ROOT}'"
NAMED_LINES = "SELECT seq, CAST(line AS BLOB), notice FROM ledger WHERE seq > ? AND seq <= ? ORDER BY seq"
