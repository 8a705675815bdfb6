"""Where data stay, in databases and objects: places 1 to 11."""

from fugace.datamap.entry import Branch, Category, Fixed
from fugace.datamap.place import (
    AT_REST,
    BACKUP,
    CHECKPOINTS,
    EXPORTS,
    LAG,
    STREAM,
    banned,
    bounded,
    present,
    until,
)
from fugace.datamap.purge import ACCOUNTABLE
from fugace.domain.retention import Kind

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
        branches=(Branch.MESSAGES, Branch.CASES),
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
        branches=(Branch.MESSAGES, Branch.CASES),
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
        branches=(Branch.MESSAGES, Branch.CASES, Branch.KEY),
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
        "messages, tenants and cases as they were; while one of them is restored, a table beside it (the quarantine)",
        purpose="undoing a mistake",
        ground="Art. 32(1)(c)",
        kept=until(BACKUP, "long enough to notice a mistake; the ledger, without persons, has 35 days"),
        erased=(
            "by its own end; unreadable before that, once the person's key is gone: no back-up has it. A quarantine "
            "loses each row that is judged, and goes with the last; it has TTL, and no back-up of its own"
        ),
        outlives=BACKUP,
        probe=(
            "template: days of each table; subject-keys and purge have none; an alarm where a restore stops, and "
            "leaves its quarantine"
        ),
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
        "template: two buckets, for checkpoints and for persons' archives; no role that may export a table",
    ),
    bounded(
        9,
        "old versions and unfinished uploads in S3",
        "signed checkpoints of the ledger: tenants' ids, numbers and hashes of entries; what replaced archives leave, "
        "sealed",
        categories=(Category.COUNT, Category.WORK),
        purpose="showing that the ledger was not changed afterwards",
        ground=ACCOUNTABLE,
        kept=until(CHECKPOINTS, "Object Lock for six years, the longest that a finished case is kept, and a month"),
        protection=f"nothing personal may enter a checkpoint; an archive is sealed with its request's key; {AT_REST}",
        erased="nobody is in a checkpoint; an archive's go with it, and by an end of their own the day after",
        outlives=EXPORTS,
        probe="template: a lifecycle for versions, marks and unfinished uploads of either bucket",
        branches=(Branch.ARCHIVES,),
    ),
    bounded(
        10,
        "names of objects in S3, their tags, access logs and inventories",
        "`checkpoints/<day>.json`; `<tenant>/<request>/archive`, opaque ids",
        categories=(Category.COUNT, Category.WORK),
        ground=ACCOUNTABLE,
        kept=until(CHECKPOINTS, "as long as the objects"),
        protection="days and opaque ids; neither access log nor inventory",
        erased="with the object: nobody is in a checkpoint's name",
        outlives=EXPORTS,
        probe="template: no access log, no inventory; nobody may touch anything that is not named after a tenant",
        branches=(Branch.ARCHIVES,),
    ),
    present(
        11,
        "archives made for a person",
        "one for each request that is answered with one: everything that is known of the person, and of the request",
        categories=(Category.NUMBER, Category.CONTENT, Category.TRAFFIC, Category.PSEUDONYM),
        purpose="handing a person what is known of the person",
        ground="Art. 12(3), 15, 20",
        kept=Kind.EXPORTS,
        protection=(
            "sealed with the request's own key, which no back-up has; fetched by a link that works once; as long as "
            f"whole frames of 64 KiB; {AT_REST}"
        ),
        exported="not exported: it is the export itself",
        erased=(
            "by the purge, and when its person is erased, with all versions and unfinished uploads; S3's own end is "
            "the net behind it"
        ),
        outlives=LAG,
        probe="no object there can be read without its key; what was planted there is gone once it is over",
        branches=(Branch.ARCHIVES,),
    ),
)
"""A template is the synthesized one, of what is deployed."""
