"""What has no end, or one that the map does not know."""

from tests.infra.cases.case import GONE, REPLACED, Case, bucket, of, recovery

LIFE = (
    Case("GDPR-01", of("RDS::DBInstance"), of("SNS::Topic")),
    Case(
        "GDPR-01",
        of("DynamoDB::Table", GlobalSecondaryIndexes=[{"IndexName": "unknown"}]),
        of("DynamoDB::Table", GlobalSecondaryIndexes=[{"IndexName": "by-time"}]),
        "an index",
    ),
    Case(
        "GDPR-01",
        of("DynamoDB::Table", TableName="bare", StreamSpecification={"StreamViewType": "KEYS_ONLY"}),
        of("DynamoDB::Table", TableName="bare"),
        "a stream",
    ),
    Case("GDPR-02", of("S3::Bucket"), bucket({**GONE, **REPLACED}), "for ever"),
    Case("GDPR-02", bucket(GONE), bucket(GONE, versioned=False), "replaced versions"),
    Case(
        "GDPR-02",
        bucket({"Status": "Enabled", "ExpirationInDays": 7, **REPLACED}),
        bucket({"Status": "Enabled", "ExpirationInDays": 7}, {**GONE, **REPLACED}),
        "unfinished uploads",
    ),
    Case("GDPR-02", bucket({**GONE, **REPLACED, "Status": "Disabled"}), bucket({**GONE, **REPLACED}), "switched off"),
    Case("GDPR-02", bucket({**GONE, **REPLACED, "Prefix": "a/"}), bucket({**GONE, **REPLACED}), "some of it"),
    Case(
        "GDPR-02",
        bucket({**GONE, **REPLACED, "ExpirationInDays": 30}),
        bucket({**GONE, **REPLACED, "ExpirationInDays": 29}),
        "a day too long",
    ),
    Case("GDPR-03", of("Logs::LogGroup"), of("Logs::LogGroup", RetentionInDays=30)),
    Case("GDPR-03", of("Logs::LogGroup", RetentionInDays=60), of("Logs::LogGroup", RetentionInDays=14), "too long"),
    Case("GDPR-04", of("SQS::Queue"), of("SQS::Queue", MessageRetentionPeriod=345_600)),
    Case(
        "GDPR-04",
        of("SQS::Queue", QueueName="short", MessageRetentionPeriod=345_600),
        of("SQS::Queue", QueueName="short", MessageRetentionPeriod=3600),
        "too long",
    ),
    Case("GDPR-05", of("Kinesis::Stream"), of("Kinesis::Stream", RetentionPeriodHours=24)),
    Case("GDPR-05", of("DynamoDB::Table", KinesisStreamSpecification={"StreamArn": "s"}), of("DynamoDB::Table")),
    Case("GDPR-05", of("SNS::Topic", ArchivePolicy={"MessageRetentionPeriod": 365}), of("SNS::Topic")),
    Case("GDPR-06", of("Events::Archive"), of("Events::Archive", RetentionDays=7), "by default"),
    Case("GDPR-06", of("Events::Archive", RetentionDays=0), of("Events::Archive", RetentionDays=30), "0 is for ever"),
    Case(
        "GDPR-07",
        recovery(PointInTimeRecoveryEnabled=True),
        recovery(PointInTimeRecoveryEnabled=True, RecoveryPeriodInDays=7),
    ),
    Case(
        "GDPR-07",
        recovery(PointInTimeRecoveryEnabled=True, RecoveryPeriodInDays=35),
        recovery(PointInTimeRecoveryEnabled=False),
        "too long",
    ),
    Case(
        "GDPR-07",
        of(
            "DynamoDB::GlobalTable",
            Replicas=[{"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}],
        ),
        of("DynamoDB::GlobalTable", Replicas=[{}]),
    ),
    Case(
        "GDPR-07",
        of("Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{}]}),
        of("Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{"Lifecycle": {"DeleteAfterDays": 7}}]}),
    ),
    Case("GDPR-07", of("RDS::DBInstance"), of("RDS::DBInstance", BackupRetentionPeriod=7)),
    Case(
        "GDPR-08",
        of("DynamoDB::Table"),
        of("DynamoDB::Table", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"}),
    ),
    Case(
        "GDPR-08",
        of("DynamoDB::GlobalTable", TimeToLiveSpecification={"Enabled": False}),
        of("DynamoDB::Table", TableName="ledger"),
        "or the map says why",
    ),
    Case(
        "GDPR-01",
        of("DynamoDB::Table", TableName="bare", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}),
        of("DynamoDB::Table", TableName="bare", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}),
        "a back-up",
    ),
    Case(
        "GDPR-02",
        bucket({"Status": "Enabled", **REPLACED, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}),
        bucket({**GONE, **REPLACED}),
        "only versions",
    ),
    Case("GDPR-03", of("Logs::LogGroup", RetentionInDays=0), of("Logs::LogGroup", RetentionInDays=1), "none"),
    Case(
        "GDPR-04",
        of("SQS::Queue", QueueName="timeless", MessageRetentionPeriod=60),
        of("SQS::Queue", MessageRetentionPeriod=60),
        "the map says nothing",
    ),
)
