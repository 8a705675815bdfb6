"""Keys, secrets, what is open to everybody."""

from tests.infra.cases.case import BLOCKED, NONE, OURS, TLS, Case, of, policy, told

LOCKS = (
    Case("GDPR-09", of("DynamoDB::Table"), of("DynamoDB::Table", SSESpecification={"KMSMasterKeyId": OURS})),
    Case(
        "GDPR-09", of("SQS::Queue", KmsMasterKeyId="alias/aws/sqs"), of("SQS::Queue", KmsMasterKeyId=OURS), "AWS's own"
    ),
    Case(
        "GDPR-09",
        of("SQS::Queue", KmsMasterKeyId={"Fn::Sub": "arn:aws:kms:eu-west-3:${AWS::AccountId}:alias/aws/sqs"}),
        of("SQS::Queue", KmsMasterKeyId="alias/ours"),
        "by its ARN",
    ),
    Case(
        "GDPR-09",
        of("DynamoDB::GlobalTable", Replicas=[{}]),
        of("DynamoDB::GlobalTable", Replicas=[{"SSESpecification": {"KMSMasterKeyId": OURS}}]),
    ),
    Case(
        "GDPR-09",
        of(
            "S3::Bucket",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        ),
        of(
            "S3::Bucket",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": OURS}}
                ]
            },
        ),
    ),
    *(
        Case("GDPR-09", of(type_), of(type_, **said))
        for type_, said in {
            "Logs::LogGroup": {"KmsKeyId": OURS},
            "SNS::Topic": {"KmsMasterKeyId": OURS},
            "SecretsManager::Secret": {"KmsKeyId": OURS},
            "StepFunctions::StateMachine": {"EncryptionConfiguration": {"KmsKeyId": OURS}},
            "Kinesis::Stream": {"StreamEncryption": {"KeyId": OURS}},
        }.items()
    ),
    Case("GDPR-10", told(API_TOKEN="hunter2"), told(API_TOKEN_NAME="fugace/example/carrier/one"), "by its name"),
    Case("GDPR-10", told(DB_PASSWORD="swordfish"), told(PASSWORD_SECRET={"Ref": "Secret"}), "a reference"),
    Case(
        "GDPR-10",
        told(ANYTHING="AKIA" + "A" * 16),
        told(SUBJECT_KEYS_TABLE="fugace-subject-keys", LEDGER_KEY="alias/ledger"),
        "an access key",
    ),
    Case(
        "GDPR-10",
        told(DATABASE="postgres://app:swordfish@db.example/app"),
        told(DATABASE="postgres://db.example/app"),
        "in an address",
    ),
    Case(
        "GDPR-11",
        of("SecretsManager::Secret", SecretString="swordfish"),
        of("SecretsManager::Secret", GenerateSecretString={}),
    ),
    Case(
        "GDPR-11",
        told(TOKEN="{{resolve:secretsmanager:carrier:SecretString:token}}"),
        told(TOKEN={"Ref": "Secret"}),
        "resolved",
    ),
    Case(
        "GDPR-12",
        of("S3::Bucket", PublicAccessBlockConfiguration={**BLOCKED, "BlockPublicPolicy": False}),
        of("S3::Bucket", PublicAccessBlockConfiguration=BLOCKED),
    ),
    Case(
        "GDPR-12",
        of("S3::Bucket", PublicAccessBlockConfiguration=BLOCKED, WebsiteConfiguration={"IndexDocument": "i"}),
        NONE,
        "a website",
    ),
    Case("GDPR-12", of("Lambda::Url", AuthType="NONE"), of("Lambda::Url", AuthType="AWS_IAM")),
    Case(
        "GDPR-12",
        of("Lambda::Permission", Principal="*"),
        of("Lambda::Permission", Principal="apigateway.amazonaws.com"),
    ),
    Case(
        "GDPR-12",
        of("SQS::QueuePolicy", PolicyDocument={"Statement": {"Effect": "Allow", "Principal": "*"}}),
        of(
            "SQS::QueuePolicy",
            PolicyDocument={"Statement": [{"Effect": "Allow", "Principal": "*", "Condition": {"ArnEquals": {}}}, TLS]},
        ),
    ),
    Case(
        "GDPR-12",
        of("KMS::Key", KeyPolicy={"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}}]}),
        of("KMS::Key", KeyPolicy={"Statement": [{"Effect": "Allow", "Principal": {"AWS": "r"}}]}),
    ),
    Case("GDPR-13", of("SNS::Topic"), {**of("SNS::Topic"), **policy("SNS::TopicPolicy", "Topics", TLS)}),
    Case(
        "GDPR-13",
        {**of("SQS::Queue"), **policy("SQS::QueuePolicy", "Queues", {**TLS, "Effect": "Allow"})},
        {**of("SQS::Queue"), **policy("SQS::QueuePolicy", "Queues", TLS)},
    ),
    Case(
        "GDPR-13",
        {**of("S3::Bucket"), **policy("SQS::QueuePolicy", "Queues", TLS)},
        {**of("S3::Bucket"), **policy("S3::BucketPolicy", "Bucket", TLS)},
        "of another",
    ),
    Case(
        "GDPR-13",
        {**of("S3::Bucket"), **policy("S3::BucketPolicy", "Bucket", {**TLS, "Principal": {"AWS": "r"}})},
        NONE,
        "for one",
    ),
    Case(
        "GDPR-09",
        of("S3::Bucket"),
        of(
            "S3::Bucket",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms:dsse", "KMSMasterKeyID": OURS}}
                ]
            },
        ),
        "nothing is said",
    ),
    Case(
        "GDPR-09",
        of(
            "S3::Bucket",
            BucketEncryption={
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        NONE,
        "KMS without a key",
    ),
    Case("GDPR-10", told(SIGNING="swordfish"), told(SIGNING=""), "empty"),
    Case(
        "GDPR-12",
        of("SNS::TopicPolicy", PolicyDocument={"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}}]}),
        of("SNS::TopicPolicy", PolicyDocument={"Statement": [{"Effect": "Deny", "Principal": "*"}]}),
        "but to be refused",
    ),
    Case(
        "GDPR-13",
        {
            **of("SQS::Queue"),
            "Policy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"Queues": [{"Ref": "Other"}], "PolicyDocument": {"Statement": [TLS]}},
            },
        },
        NONE,
        "of its neighbour",
    ),
    Case(
        "GDPR-13",
        {
            **of("SNS::Topic"),
            **policy("SNS::TopicPolicy", "Topics", {**TLS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        },
        NONE,
        "TLS itself",
    ),
)
