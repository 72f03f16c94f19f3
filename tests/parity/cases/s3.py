"""S3, as catalog, provisioning and `shop-dev buckets` call it."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from typing import Any

from parity.account import Account, located
from parity.case import case, expect, expect_equal, refused

_GUIDE = "AmazonS3/latest/userguide"


def _upload(url: str, body: bytes, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, given, method="PUT")  # noqa: S310 - the emulator's own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def _invitation(account: Account, bucket: str, **more: Any) -> str:
    parameters = {"Bucket": bucket, "Key": "a", "ContentType": "image/png", "ContentLength": 3, **more}
    return str(account.client("s3").generate_presigned_url("put_object", Params=parameters, ExpiresIn=60))


@case(
    "s3:PutObject",
    says="Whoever holds a signed URL writes the object with the type and length that were signed.",
    page=f"{_GUIDE}/PresignedUrlUploadObject.html",
)
def upload_by_signed_url(account: Account) -> None:
    bucket = account.bucket()
    status = _upload(_invitation(account, bucket), b"abc", Content_Type="image/png")
    expect_equal(status, 200, "the status of the upload")
    found = account.client("s3").head_object(Bucket=bucket, Key="a")
    expect_equal((found["ContentLength"], found["ContentType"]), (3, "image/png"), "length and type")


@case("s3:PutObject", says="Another type than was signed is refused with 403.", page=f"{_GUIDE}/PresignedUrlUploadObject.html")
def upload_of_another_type(account: Account) -> None:
    status = _upload(_invitation(account, account.bucket()), b"abc", Content_Type="text/html")
    expect_equal(status, 403, "the status of the upload")


@case("s3:PutObject", says="Another length than was signed is refused with 403.", page=f"{_GUIDE}/PresignedUrlUploadObject.html")
def upload_of_another_length(account: Account) -> None:
    status = _upload(_invitation(account, account.bucket()), b"abcd", Content_Type="image/png")
    expect_equal(status, 403, "the status of the upload")


@case("s3:PutObject", says="An altered signature is refused with 403.", page=f"{_GUIDE}/PresignedUrlUploadObject.html")
def upload_with_an_altered_signature(account: Account) -> None:
    url = _invitation(account, account.bucket())
    status = _upload(url[:-1] + ("0" if url[-1] != "0" else "1"), b"abc", Content_Type="image/png")
    expect_equal(status, 403, "the status of the upload")


@case(
    "s3:HeadObject", says="The ETag of an object written in one piece is the MD5 of its content, in quotes; an absent one is 404."
)
def etag_of_an_object(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"abc")
    found = s3.head_object(Bucket=bucket, Key="a")
    expect_equal(found["ETag"], f'"{hashlib.md5(b"abc", usedforsecurity=False).hexdigest()}"', "the ETag")
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="b")


@case("s3:GetObject", says="A range gives those bytes, with 206 and Content-Range.")
def range_of_an_object(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"abcdef")
    answer = s3.get_object(Bucket=bucket, Key="a", Range="bytes=0-3")
    expect_equal(answer["Body"].read(), b"abcd", "the bytes")
    expect_equal(answer.get("ContentRange"), "bytes 0-3/6", "Content-Range")
    expect_equal(answer["ResponseMetadata"]["HTTPStatusCode"], 206, "the status")


@case("s3:GetObject", says="A range beyond the end of a shorter object gives what there is.")
def range_beyond_the_end(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"abc")
    expect_equal(s3.get_object(Bucket=bucket, Key="a", Range="bytes=0-63")["Body"].read(), b"abc", "the bytes")


@case("s3:GetObject", says="With an If-Match that does not hold it is refused with PreconditionFailed (412).")
def get_of_another_version(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"abc")
    with refused("PreconditionFailed", "412"):
        s3.get_object(Bucket=bucket, Key="a", IfMatch='"0"')


@case("s3:GetObject", says="An object that is not there is refused with NoSuchKey, a bucket with NoSuchBucket.")
def get_of_nothing(account: Account) -> None:
    with refused("NoSuchKey"):
        account.client("s3").get_object(Bucket=account.bucket(), Key="a")
    with refused("NoSuchBucket"):
        account.client("s3").get_object(Bucket=account.name(), Key="a")


@case("s3:CopyObject", says="A copy takes the type and cache rule that are given with REPLACE, and keeps the content.")
def copy_with_other_metadata(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    tag = s3.put_object(Bucket=bucket, Key="a", Body=b"abc", ContentType="text/plain")["ETag"]
    s3.copy_object(
        Bucket=bucket,
        Key="b",
        CopySource={"Bucket": bucket, "Key": "a"},
        CopySourceIfMatch=tag,
        MetadataDirective="REPLACE",
        ContentType="image/png",
        CacheControl="public, max-age=1",
    )
    found = s3.get_object(Bucket=bucket, Key="b")
    expect_equal(
        (found["Body"].read(), found["ContentType"], found.get("CacheControl")),
        (b"abc", "image/png", "public, max-age=1"),
        "content, type and cache rule",
    )


@case("s3:CopyObject", says="With a CopySourceIfMatch that does not hold it is refused with PreconditionFailed.")
def copy_of_another_version(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    s3.put_object(Bucket=bucket, Key="a", Body=b"abc")
    with refused("PreconditionFailed", "412"):
        s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"}, CopySourceIfMatch='"0"')


@case(
    "s3:HeadBucket",
    "s3:CreateBucket",
    says="A bucket that is not there is 404; made twice by its owner it is refused with BucketAlreadyOwnedByYou.",
)
def bucket_is_made_once(account: Account) -> None:
    name, s3 = account.name(), account.client("s3")
    with refused("404"):
        s3.head_bucket(Bucket=name)
    s3.create_bucket(Bucket=name, **located())
    s3.head_bucket(Bucket=name)
    with refused("BucketAlreadyOwnedByYou"):
        s3.create_bucket(Bucket=name, **located())


@case(
    "s3:CreateBucket",
    says="A name with capital letters is refused with InvalidBucketName.",
    page=f"{_GUIDE}/bucketnamingrules.html",
)
def bucket_of_a_bad_name(account: Account) -> None:
    with refused("InvalidBucketName"):
        account.client("s3").create_bucket(Bucket=account.name().upper(), **located())


@case(
    "s3:PutBucketVersioning",
    "s3:GetBucketVersioning",
    says="A bucket has no status until it is versioned; then it keeps what was overwritten.",
)
def bucket_is_versioned(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    expect("Status" not in s3.get_bucket_versioning(Bucket=bucket), "gives a status before there is one")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    expect_equal(s3.get_bucket_versioning(Bucket=bucket).get("Status"), "Enabled", "the status")
    first = s3.put_object(Bucket=bucket, Key="a", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="a", Body=b"2")
    expect_equal(s3.get_object(Bucket=bucket, Key="a", VersionId=first)["Body"].read(), b"1", "the first version")


@case(
    "s3:PutBucketLifecycleConfiguration",
    "s3:GetBucketLifecycleConfiguration",
    says="A bucket without rules is refused with NoSuchLifecycleConfiguration; rules come back as they were put.",
)
def lifecycle_of_a_bucket(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)
    rule = {"ID": "expire", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    (found,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    expect_equal((found["Expiration"], found["Status"], found.get("ID")), ({"Days": 1}, "Enabled", "expire"), "the rule")


@case(
    "s3:PutBucketNotificationConfiguration",
    "s3:GetBucketNotificationConfiguration",
    says="What is told to a queue comes back with its id, events and filter, and an object that fits is told.",
    page=f"{_GUIDE}/EventNotifications.html",
)
def notification_of_a_bucket(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    queue = account.queue()
    rule = {
        "Id": "told",
        "QueueArn": account.queue_arn(queue),
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
    }
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [rule]})
    (found,) = s3.get_bucket_notification_configuration(Bucket=bucket).get("QueueConfigurations", [{}])
    expect_equal((found.get("Id"), found.get("Events")), ("told", ["s3:ObjectCreated:*"]), "the rule")
    s3.put_object(Bucket=bucket, Key="out", Body=b"")
    s3.put_object(Bucket=bucket, Key="in/a", Body=b"")
    bodies = []
    for _ in range(5):
        answer = account.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        bodies += [message["Body"] for message in answer.get("Messages", ())]
        if any("in/a" in body or "in%2Fa" in body for body in bodies):
            break
    told = [body for body in bodies if "s3:TestEvent" not in body]
    expect_equal(len(told), 1, "the number of objects told")


@case("s3:ListBuckets", says="All buckets of the account are listed.")
def buckets_are_listed(account: Account) -> None:
    made = {account.bucket(), account.bucket()}
    expect(made <= {one["Name"] for one in account.client("s3").list_buckets()["Buckets"]}, "leaves buckets out")


@case("s3:ListObjectsV2", says="Keys come in order, in pages of MaxKeys that go on from a token, each once.")
def objects_in_pages(account: Account) -> None:
    bucket, s3 = account.bucket(), account.client("s3")
    for name in ("c d", "a", "ä", "b+"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    found, token = list[str](), dict[str, str]()
    for _ in range(9):
        page = s3.list_objects_v2(Bucket=bucket, MaxKeys=3, **token)
        found += [one["Key"] for one in page["Contents"]]
        if not page["IsTruncated"]:
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    expect_equal(found, ["a", "b+", "c d", "ä"], "the keys of all pages")
