"""Copies elsewhere: other Regions, other accounts, replicas."""

from tests.infra.cases.case import NONE, Case, of, told

PLACES = (
    Case(
        "EU-02",
        told(QUEUE="https://sqs.us-east-1.amazonaws.com/q"),
        told(QUEUE="https://sqs.eu-west-3.amazonaws.com/q"),
    ),
    Case(
        "EU-02",
        of("Events::Rule", Targets=[{"Arn": "arn:aws:events:eu-west-2:111122223333:event-bus/b"}]),
        NONE,
        "London",
    ),
    Case(
        "EU-02",
        of("S3::Bucket", BucketName="ours-eu-central-2"),
        of("S3::Bucket", BucketName="ours-eu-west-3"),
        "Zurich",
    ),
    Case(
        "EU-02",
        told(ARN={"Fn::Join": ["", ["arn:aws:sqs:ap-south", "-1:", {"Ref": "AWS::AccountId"}]]}),
        told(ARN={"Fn::Sub": "arn:aws:sqs:eu-west-3:${AWS::AccountId}:q"}),
        "in pieces",
    ),
    Case(
        "EU-02",
        of("IAM::Policy", PolicyDocument={"Statement": [{"Resource": "arn:aws:s3:us-west-2:111122223333:b"}]}),
        of(
            "IAM::ManagedPolicy",
            PolicyDocument={"Statement": [{"Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}}]},
        ),
        "but in a condition on Regions",
    ),
    Case(
        "EU-03",
        of("Logs::SubscriptionFilter", DestinationArn="arn:aws:lambda:eu-west-1:111122223333:function:f"),
        of("Logs::SubscriptionFilter", DestinationArn="arn:aws:lambda:eu-west-3:111122223333:function:f"),
    ),
    Case(
        "EU-04",
        of("DynamoDB::GlobalTable", Replicas=[{"Region": "eu-west-3"}, {"Region": "eu-west-1"}]),
        of("DynamoDB::GlobalTable", Replicas=[{"Region": "eu-west-3"}]),
    ),
    Case(
        "EU-04",
        of("DynamoDB::GlobalTable", Replicas=[{"Region": "eu-west-1"}]),
        of("DynamoDB::GlobalTable", Replicas=[{"Region": {"Ref": "AWS::Region"}}]),
        "elsewhere",
    ),
    Case(
        "EU-04",
        of("DynamoDB::GlobalTable", Replicas=[{"Region": "eu-west-3"}], GlobalTableWitnesses=[{}]),
        NONE,
        "witness",
    ),
    Case("EU-04", of("DynamoDB::Table", Replicas=[{"Region": "eu-west-3"}]), of("DynamoDB::Table")),
    Case("EU-04", of("Custom::DynamoDBReplica", TableName="t"), of("DynamoDB::Table")),
    Case(
        "EU-05",
        of(
            "DynamoDB::Table",
            ResourcePolicy={
                "PolicyDocument": {
                    "Statement": [{"Effect": "Allow", "Principal": {"Service": "replication.dynamodb.amazonaws.com"}}]
                }
            },
        ),
        of(
            "DynamoDB::Table",
            ResourcePolicy={
                "PolicyDocument": {
                    "Statement": [{"Effect": "Deny", "Principal": {"Service": "replication.dynamodb.amazonaws.com"}}]
                }
            },
        ),
    ),
    Case(
        "EU-05",
        of("DynamoDB::GlobalTable", GlobalTableSourceArn="arn:aws:dynamodb:eu-west-3:444455556666:table/t"),
        NONE,
    ),
    Case("EU-06", of("S3::Bucket", ReplicationConfiguration={"Role": "r"}), of("S3::Bucket")),
    Case("EU-06", of("S3::MultiRegionAccessPoint", Regions=[{"Bucket": "b"}]), of("S3::AccessPoint")),
    Case("EU-07", of("KMS::Key", MultiRegion=True), of("KMS::Key", MultiRegion=False)),
    Case("EU-07", of("KMS::Key", MultiRegion={"Fn::If": ["Here", True, False]}), of("KMS::Key"), "perhaps"),
    Case("EU-07", of("KMS::ReplicaKey"), of("KMS::Key")),
    Case("EU-08", of("SecretsManager::Secret", ReplicaRegions=[{"Region": "eu-west-1"}]), of("SecretsManager::Secret")),
    Case(
        "EU-09",
        of("Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{"CopyActions": [{}]}]}),
        of("Backup::BackupPlan", BackupPlan={"BackupPlanRule": [{}]}),
    ),
    Case(
        "EU-09",
        of("DLM::LifecyclePolicy", PolicyDetails={"Schedules": [{"CrossRegionCopyRules": [{"Target": "x"}]}]}),
        of("DLM::LifecyclePolicy"),
    ),
    Case("EU-10", of("RDS::GlobalCluster"), of("RDS::DBCluster")),
    Case("EU-10", of("RDS::DBInstance", AutomaticBackupReplicationRegion="eu-west-1"), of("RDS::DBInstance")),
    Case(
        "EU-10",
        of("Cassandra::Keyspace", ReplicationSpecification={"RegionList": ["eu-west-3", "eu-west-1"]}),
        of("Cassandra::Keyspace", ReplicationSpecification={"RegionList": ["eu-west-3"]}),
    ),
    Case(
        "EU-11", told(TOPIC="arn:aws:sns:eu-west-3:444455556666:t"), told(TOPIC="arn:aws:sns:eu-west-3:111122223333:t")
    ),
    Case(
        "EU-11",
        of("Lambda::Function", Layers=["arn:aws:lambda:eu-west-3:777788889999:layer:l:1"]),
        of("Lambda::Function", Layers=["arn:aws:lambda:eu-west-3:999900001111:layer:l:1"]),
        "declared",
    ),
    Case(
        "EU-11",
        of("SQS::QueuePolicy", PolicyDocument={"Statement": [{"Principal": {"AWS": "444455556666"}}]}),
        of("SQS::QueuePolicy", PolicyDocument={"Statement": [{"Principal": {"AWS": "111122223333"}}]}),
    ),
    Case(
        "EU-03",
        told(QUEUE="https://sqs.eu-north-1.amazonaws.com/q"),
        told(QUEUE="https://sqs.us-east-1.amazonaws.com/q"),
        "inside the Union",
    ),
    Case(
        "EU-09",
        of("DLM::LifecyclePolicy", PolicyDetails={"CrossRegionCopyTargets": [{"TargetRegion": "x"}]}),
        of("DLM::LifecyclePolicy", PolicyDetails={"Schedules": [{"Name": "daily"}]}),
        "a default policy",
    ),
    Case(
        "EU-11",
        of("SNS::TopicPolicy", PolicyDocument={"Statement": [{"Principal": {"AWS": ["444455556666"]}}]}),
        of(
            "SNS::TopicPolicy",
            Id="444455556666",
            PolicyDocument={"Statement": [{"Principal": {"Service": "s3.amazonaws.com"}}]},
        ),
        "a service",
    ),
)
