"""Where data stay, in databases and objects: places 1 to 11."""

from fugace.datamap.entry import Category, Fixed
from fugace.datamap.place import (
    AT_REST,
    BACKUP,
    CHECKPOINTS,
    LAG,
    NOBODY,
    STREAM,
    banned,
    bounded,
    present,
    until,
)
from fugace.datamap.purge import ACCOUNTABLE

STORED = (
    present(
        1,
        "rows of tables, those past their time included",
        "everything there is",
        exported="each field under the name that its entry gives",
        kept=Fixed(None, "the time of each field"),
        erased=(
            "what a class of the policy ends is deleted by the purge, whether or not DynamoDB's TTL has; no read shows "
            "it meanwhile"
        ),
        outlives=LAG,
        probe="no row of a raw scan is over for more than an hour; metric PurgeLag",
    ),
    present(
        2,
        "indexes of tables",
        "keyed hash of the number, ids, times: keys alone",
        categories=(Category.PSEUDONYM, Category.TRAFFIC),
        protection=f"projection KEYS_ONLY; {AT_REST}",
        erased="with the row",
        outlives=LAG,
        probe="template: KEYS_ONLY; query of each index after a deletion",
    ),
    present(
        3,
        "keys of rows, and who looks at keys",
        "ids; the keyed hash of a number is the key of subject-keys",
        categories=(Category.PSEUDONYM, Category.TRAFFIC),
        protection=f"opaque or keyed; Contributor Insights, which shows keys in clear, is off; {AT_REST}",
        erased="with the row",
        outlives=LAG,
        probe="no key of a raw scan looks like a number; template: no Contributor Insights",
    ),
    present(
        4,
        "stream of the messages table",
        "each row as it was before and after a change",
        purpose="setting the next step going, and counting what was deleted",
        kept=until(STREAM, "DynamoDB forgets it then"),
        outlives=STREAM,
        probe="template: no other table has one",
    ),
    banned(
        5,
        "Kinesis streams of tables, pipes",
        "rows as they were",
        "a second copy, for up to a year",
        "template: no such resource or property",
    ),
    present(
        6,
        "point-in-time recovery",
        "messages and tenants as they were",
        purpose="undoing a mistake",
        ground="Art. 32(1)(c)",
        kept=until(BACKUP, "long enough to notice a mistake; the ledger, without persons, has 35 days"),
        erased="by its own end; unreadable before that, once the person's key is gone: no back-up has it",
        outlives=BACKUP,
        probe="template: days of each table; subject-keys and purge have none",
    ),
    banned(
        7,
        "back-ups on demand, AWS Backup, copies in other Regions",
        "whole tables",
        "they have no end unless somebody sets one",
        "template: no plan, vault or replica; one that an operator makes by hand has to be deleted within 7 days",
    ),
    banned(
        8,
        "exports of tables to S3",
        "whole tables",
        "a second copy with a life of its own",
        "template: no bucket but that of the checkpoints, no role that may export",
    ),
    bounded(
        9,
        "old versions and unfinished uploads in S3",
        "signed checkpoints of the ledger: tenants' ids, numbers and hashes of entries",
        categories=(Category.COUNT,),
        purpose="showing that the ledger was not changed afterwards",
        ground=ACCOUNTABLE,
        kept=until(CHECKPOINTS, "Object Lock for six years, the longest that a finished case is kept, and a month"),
        protection=f"nothing personal may enter; {AT_REST}",
        **{**NOBODY, "erased": "nobody is in it; versions, marks and unfinished uploads have an end of their own"},
        probe="template: a lifecycle for all three",
    ),
    bounded(
        10,
        "names of objects in S3, their tags, access logs and inventories",
        "`checkpoints/<day>.json`",
        categories=(Category.COUNT,),
        ground=ACCOUNTABLE,
        kept=until(CHECKPOINTS, "as long as the objects"),
        protection="a day; neither access log nor inventory",
        **NOBODY,
        probe="names of objects are days; template: no access log, no inventory",
    ),
    banned(
        11,
        "archives made for a person",
        "everything about one person",
        "none is made: a tenant reads a person's data through the API",
        "template: no bucket for them",
    ),
)
"""A template is the synthesized one, of what is deployed."""
