"""DynamoDB, as `shop_kit.aws.dynamo` and provisioning call it."""

from __future__ import annotations

import time
from typing import Any

from parity.account import Account, keys
from parity.case import case, expect, expect_equal, refused

NEW = "attribute_not_exists(pk)"
_GUIDE = "amazondynamodb/latest/developerguide"


def put(account: Account, table: str, item: dict[str, Any], **more: Any) -> Any:
    return account.client("dynamodb").put_item(TableName=table, Item=item, **more)


def key(value: str, sort: str | None = None) -> dict[str, Any]:
    return {"pk": {"S": value}} | ({"sk": {"S": sort}} if sort is not None else {})


# --- items -------------------------------------------------------------------------------------------------------------------


@case(
    "dynamodb:GetItem",
    says="An item comes back as it was written, of every type; one that is not there is an answer without `Item`.",
)
def items_of_every_type(account: Account) -> None:
    table = account.table()
    item = {
        **key("a"),
        "n": {"N": "12345678901234567890.123456789"},
        "b": {"B": b"\x00\xff"},
        "bool": {"BOOL": False},
        "null": {"NULL": True},
        "list": {"L": [{"S": ""}, {"N": "0"}]},
        "map": {"M": {"deep": {"M": {}}}},
        "ss": {"SS": ["x", "y"]},
    }
    put(account, table, item)
    found = account.client("dynamodb").get_item(TableName=table, Key=key("a"), ConsistentRead=True)["Item"]
    found["ss"]["SS"].sort()
    expect_equal(found, item, "the item")
    absent = account.client("dynamodb").get_item(TableName=table, Key=key("b"))
    expect("Item" not in absent, "gives an item that nobody wrote")


@case("dynamodb:GetItem", says="A table that does not exist is refused with ResourceNotFoundException.")
def read_of_no_table(account: Account) -> None:
    with refused("ResourceNotFoundException"):
        account.client("dynamodb").get_item(TableName=account.name(), Key=key("a"))


@case("dynamodb:GetItem", says="A key that does not fit the table's schema is refused with ValidationException.")
def read_by_another_key(account: Account) -> None:
    table = account.table(sort=True)
    with refused("ValidationException"):
        account.client("dynamodb").get_item(TableName=table, Key=key("a"))


@case(
    "dynamodb:PutItem",
    says="A condition that does not hold is refused, and with ALL_OLD the refusal carries the item that is there.",
)
def condition_gives_the_old_item(account: Account) -> None:
    table = account.table()
    put(account, table, {**key("a"), "v": {"N": "1"}})
    with refused("ConditionalCheckFailedException") as caught:
        put(account, table, key("a"), ConditionExpression=NEW, ReturnValuesOnConditionCheckFailure="ALL_OLD")
    expect_equal(caught[0].response.get("Item"), {**key("a"), "v": {"N": "1"}}, "`Item` in the refusal")


@case("dynamodb:PutItem", says="An attribute of a key that is an empty string is refused with ValidationException.")
def empty_key(account: Account) -> None:
    table = account.table()
    with refused("ValidationException"):
        put(account, table, key(""))


@case(
    "dynamodb:PutItem", says="An item of more than 400 KB is refused with ValidationException.", page=f"{_GUIDE}/Constraints.html"
)
def too_large_an_item(account: Account) -> None:
    table = account.table()
    with refused("ValidationException"):
        put(account, table, {**key("a"), "text": {"S": "x" * 410_000}})


@case(
    "dynamodb:PutItem",
    says="A number of more than 38 digits is refused with ValidationException.",
    page=f"{_GUIDE}/Constraints.html",
)
def too_long_a_number(account: Account) -> None:
    table = account.table()
    with refused("ValidationException"):
        put(account, table, {**key("a"), "n": {"N": "1" * 39}})


@case(
    "dynamodb:PutItem",
    says="A reserved word as a name in an expression is refused with ValidationException.",
    page=f"{_GUIDE}/ReservedWords.html",
)
def reserved_word(account: Account) -> None:
    table = account.table()
    with refused("ValidationException"):
        put(account, table, key("a"), ConditionExpression="attribute_not_exists(status)")


@case("dynamodb:UpdateItem", says="An update makes the item where there is none, adds to numbers, and keeps what it does not name.")
def update_adds(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    change = {
        "UpdateExpression": "ADD v :one SET t = if_not_exists(t, :t)",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":t": {"S": "x"}},
    }
    dynamodb.update_item(TableName=table, Key=key("a"), **change)
    answer = dynamodb.update_item(TableName=table, Key=key("a"), **change, ReturnValues="ALL_NEW")
    expect_equal(answer.get("Attributes"), {**key("a"), "v": {"N": "2"}, "t": {"S": "x"}}, "the attributes after two updates")


@case("dynamodb:UpdateItem", says="Two clauses on one path are refused with ValidationException.")
def update_overlaps(account: Account) -> None:
    table = account.table()
    with refused("ValidationException"):
        account.client("dynamodb").update_item(
            TableName=table, Key=key("a"), UpdateExpression="SET v = :v REMOVE v", ExpressionAttributeValues={":v": {"N": "1"}}
        )


@case("dynamodb:UpdateItem", says="A value that no expression uses is refused with ValidationException.")
def update_with_unused_value(account: Account) -> None:
    table = account.table()
    values = {":v": {"N": "1"}, ":w": {"N": "1"}}
    with refused("ValidationException"):
        account.client("dynamodb").update_item(
            TableName=table, Key=key("a"), UpdateExpression="SET v = :v", ExpressionAttributeValues=values
        )


@case("dynamodb:DeleteItem", says="Deleting what is not there succeeds; a condition on it is refused.")
def delete_of_nothing(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    dynamodb.delete_item(TableName=table, Key=key("a"))
    with refused("ConditionalCheckFailedException"):
        dynamodb.delete_item(TableName=table, Key=key("a"), ConditionExpression="attribute_exists(pk)")


# --- many items --------------------------------------------------------------------------------------------------------------


@case(
    "dynamodb:BatchGetItem",
    says="A hundred items are read at once, absent ones left out; more keys are refused with ValidationException.",
)
def batch_of_reads(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    for number in range(3):
        put(account, table, key(f"{number}"))
    wanted = [key(f"{number}") for number in range(100)]
    answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": wanted, "ConsistentRead": True}})
    expect_equal(len(answer["Responses"][table]), 3, "the number of items found")
    with refused("ValidationException"):
        dynamodb.batch_get_item(RequestItems={table: {"Keys": [*wanted, key("x")]}})


@case("dynamodb:BatchGetItem", says="A key that stands there twice is refused with ValidationException.")
def batch_of_equal_reads(account: Account) -> None:
    table = account.table()
    with refused("ValidationException"):
        account.client("dynamodb").batch_get_item(RequestItems={table: {"Keys": [key("a"), key("a")]}})


@case("dynamodb:BatchGetItem", says="An answer holds 16 MB at most; the keys that are left over come back as UnprocessedKeys.")
def batch_of_large_reads(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    for number in range(45):
        put(account, table, {**key(f"{number}"), "text": {"S": "x" * 390_000}})
    answer = dynamodb.batch_get_item(RequestItems={table: {"Keys": [key(f"{number}") for number in range(45)]}})
    left = len(answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", ()))
    expect(left > 0, "answers with 17.5 MB at once")
    expect_equal(left + len(answer["Responses"][table]), 45, "items and keys left over together")


@case("dynamodb:BatchWriteItem", says="Twenty-five items are removed at once; more are refused with ValidationException.")
def batch_of_deletes(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    put(account, table, key("0"))
    wanted = [{"DeleteRequest": {"Key": key(f"{number}")}} for number in range(25)]
    answer = dynamodb.batch_write_item(RequestItems={table: wanted})
    expect_equal(answer.get("UnprocessedItems"), {}, "UnprocessedItems")
    expect("Item" not in dynamodb.get_item(TableName=table, Key=key("0")), "leaves an item that was to be removed")
    with refused("ValidationException"):
        dynamodb.batch_write_item(RequestItems={table: [*wanted, {"DeleteRequest": {"Key": key("x")}}]})


@case("dynamodb:BatchWriteItem", says="Two requests for one key are refused with ValidationException.")
def batch_of_equal_deletes(account: Account) -> None:
    table = account.table()
    request = {"DeleteRequest": {"Key": key("a")}}
    with refused("ValidationException"):
        account.client("dynamodb").batch_write_item(RequestItems={table: [request, request]})


@case("dynamodb:Query", says="Pages of `Limit` items follow one another in the order of the sort key, both ways, each once.")
def query_in_pages(account: Account) -> None:
    table, dynamodb = account.table(sort=True), account.client("dynamodb")
    for number in range(5):
        put(account, table, key("a", f"{number}"))
    put(account, table, key("b", "0"))
    for forward in (True, False):
        found, start = list[str](), dict[str, Any]()
        for _ in range(9):
            page = dynamodb.query(
                TableName=table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": "a"}},
                Limit=2,
                ScanIndexForward=forward,
                ConsistentRead=True,
                **start,
            )
            found += [item["sk"]["S"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        expect_equal(found, ["0", "1", "2", "3", "4"][:: 1 if forward else -1], "the sort keys")


@case("dynamodb:Query", says="A page ends at 1 MB, without a limit too.", page=f"{_GUIDE}/Query.Pagination.html")
def query_ends_at_a_megabyte(account: Account) -> None:
    table, dynamodb = account.table(sort=True), account.client("dynamodb")
    for number in range(4):
        put(account, table, {**key("a", f"{number}"), "text": {"S": "x" * 390_000}})
    page = dynamodb.query(TableName=table, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "a"}})
    expect("LastEvaluatedKey" in page, "gives 1.5 MB in one page")


@case(
    "dynamodb:Query",
    says="An index holds only items that have all of its key; its page goes on from a key of index and table.",
    page=f"{_GUIDE}/bp-indexes-general-sparse-indexes.html",
)
def query_of_a_sparse_index(account: Account) -> None:
    table, dynamodb = account.table(index=True), account.client("dynamodb")
    put(account, table, key("out"))
    for number in range(3):
        put(account, table, {**key(f"{number}"), "group": {"S": "held"}, "at": {"N": f"{number}"}})
    asked: dict[str, Any] = {
        "TableName": table,
        "IndexName": "by_group",
        "KeyConditionExpression": "#g = :g AND #a <= :until",
        "ExpressionAttributeNames": {"#g": "group", "#a": "at"},
        "ExpressionAttributeValues": {":g": {"S": "held"}, ":until": {"N": "2"}},
        "Limit": 2,
    }
    first = dynamodb.query(**asked)
    expect_equal(sorted(first.get("LastEvaluatedKey", {})), ["at", "group", "pk"], "the parts of LastEvaluatedKey")
    second = dynamodb.query(**asked, ExclusiveStartKey=first["LastEvaluatedKey"])
    expect_equal([item["pk"]["S"] for item in first["Items"] + second["Items"]], ["0", "1", "2"], "the items of the index")


@case("dynamodb:Query", says="An index is not read consistently: that is refused with ValidationException.")
def consistent_query_of_an_index(account: Account) -> None:
    table = account.table(index=True)
    with refused("ValidationException"):
        account.client("dynamodb").query(
            TableName=table,
            IndexName="by_group",
            KeyConditionExpression="#g = :g",
            ExpressionAttributeNames={"#g": "group"},
            ExpressionAttributeValues={":g": {"S": "held"}},
            ConsistentRead=True,
        )


@case("dynamodb:Scan", says="Pages of `Limit` items give each item once; the last has no LastEvaluatedKey.")
def scan_in_pages(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    for number in range(5):
        put(account, table, key(f"{number}"))
    found, start = list[str](), dict[str, Any]()
    for _ in range(9):
        page = dynamodb.scan(TableName=table, Limit=2, ConsistentRead=True, **start)
        found += [item["pk"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    expect_equal(sorted(found), ["0", "1", "2", "3", "4"], "the items of all pages")


# --- transactions ------------------------------------------------------------------------------------------------------------


@case(
    "dynamodb:TransactWriteItems",
    says="A cancelled transaction writes nothing and gives a reason for each part, in order, with the item that is there.",
)
def reasons_of_a_cancelled_transaction(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    put(account, table, {**key("b"), "v": {"N": "1"}})
    parts = [
        {"Put": {"TableName": table, "Item": key("a"), "ConditionExpression": NEW}},
        {
            "Put": {
                "TableName": table,
                "Item": key("b"),
                "ConditionExpression": NEW,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]
    with refused("TransactionCanceledException") as caught:
        dynamodb.transact_write_items(TransactItems=parts)
    reasons = caught[0].response.get("CancellationReasons", [])
    expect_equal([reason.get("Code") for reason in reasons], ["None", "ConditionalCheckFailed"], "the codes of the reasons")
    expect_equal(reasons[1].get("Item"), {**key("b"), "v": {"N": "1"}}, "`Item` of the second reason")
    expect("Item" not in dynamodb.get_item(TableName=table, Key=key("a")), "writes a part of what it cancelled")


@case(
    "dynamodb:TransactWriteItems", says="The same request with the same ClientRequestToken has its effect once, and succeeds again."
)
def token_of_a_transaction(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    part = {"Put": {"TableName": table, "Item": key("a"), "ConditionExpression": NEW}}
    token = account.name()[:36]
    dynamodb.transact_write_items(TransactItems=[part], ClientRequestToken=token)
    try:
        dynamodb.transact_write_items(TransactItems=[part], ClientRequestToken=token)
    except dynamodb.exceptions.TransactionCanceledException:
        expect(False, "does the repeated transaction anew, so that its own first one cancels it")


@case(
    "dynamodb:TransactWriteItems", says="Another request with the same token is refused with IdempotentParameterMismatchException."
)
def token_of_another_transaction(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    token = account.name()[:36]
    dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": key("a")}}], ClientRequestToken=token)
    with refused("IdempotentParameterMismatchException"):
        dynamodb.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": key("b")}}], ClientRequestToken=token)


@case("dynamodb:TransactWriteItems", says="Two parts on one item are refused with ValidationException.")
def transaction_on_one_item_twice(account: Account) -> None:
    table = account.table()
    part = {"Put": {"TableName": table, "Item": key("a")}}
    with refused("ValidationException"):
        account.client("dynamodb").transact_write_items(TransactItems=[part, part])


@case("dynamodb:TransactWriteItems", says="A hundred parts are taken, and a hundred and one are refused with ValidationException.")
def parts_of_a_transaction(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    parts = [{"Put": {"TableName": table, "Item": key(f"{number}")}} for number in range(101)]
    dynamodb.transact_write_items(TransactItems=parts[:100])
    with refused("ValidationException"):
        dynamodb.transact_write_items(TransactItems=parts)


@case("dynamodb:TransactWriteItems", says="Put, update, delete and a bare condition go together.")
def every_part_of_a_transaction(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    put(account, table, {**key("gone"), "v": {"N": "1"}})
    put(account, table, {**key("there"), "v": {"N": "1"}})
    one = {":one": {"N": "1"}}
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": key("new")}},
            {
                "Update": {
                    "TableName": table,
                    "Key": key("counted"),
                    "UpdateExpression": "ADD v :one",
                    "ExpressionAttributeValues": one,
                }
            },
            {"Delete": {"TableName": table, "Key": key("gone")}},
            {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": key("there"),
                    "ConditionExpression": "v = :one",
                    "ExpressionAttributeValues": one,
                }
            },
        ]
    )
    left = sorted(item["pk"]["S"] for item in dynamodb.scan(TableName=table)["Items"])
    expect_equal(left, ["counted", "new", "there"], "the items afterwards")


# --- tables ------------------------------------------------------------------------------------------------------------------


@case(
    "dynamodb:CreateTable",
    "dynamodb:DescribeTable",
    says="A table becomes ACTIVE with its key and indexes; a second one of its name is refused with ResourceInUseException.",
)
def table_is_made_once(account: Account) -> None:
    table, dynamodb = account.table(sort=True, index=True), account.client("dynamodb")
    found = dynamodb.describe_table(TableName=table)["Table"]
    expect_equal((found["TableStatus"], found["KeySchema"]), ("ACTIVE", keys("pk", "sk")), "status and key")
    expect_equal(found["GlobalSecondaryIndexes"][0]["IndexStatus"], "ACTIVE", "the status of the index")
    with refused("ResourceInUseException"):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=keys("pk"),
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )


@case("dynamodb:CreateTable", says="An attribute that is defined and belongs to no key is refused with ValidationException.")
def table_with_an_idle_attribute(account: Account) -> None:
    defined = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "idle")]
    with refused("ValidationException"):
        account.client("dynamodb").create_table(
            TableName=account.name(), BillingMode="PAY_PER_REQUEST", KeySchema=keys("pk"), AttributeDefinitions=defined
        )


@case("dynamodb:DescribeTable", says="A table that is not there is refused with ResourceNotFoundException.")
def description_of_no_table(account: Account) -> None:
    with refused("ResourceNotFoundException"):
        account.client("dynamodb").describe_table(TableName=account.name())


@case("dynamodb:UpdateTable", says="An index that is added is filled from the items that are there, and becomes ACTIVE.")
def index_is_added(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    put(account, table, {**key("a"), "group": {"S": "held"}})
    dynamodb.update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "group")],
        GlobalSecondaryIndexUpdates=[
            {"Create": {"IndexName": "late", "KeySchema": keys("group"), "Projection": {"ProjectionType": "ALL"}}}
        ],
    )
    deadline = time.monotonic() + 30
    while dynamodb.describe_table(TableName=table)["Table"]["GlobalSecondaryIndexes"][0].get("IndexStatus") != "ACTIVE":
        expect(time.monotonic() < deadline, "never calls the index ACTIVE")
        time.sleep(0.1)
    found = dynamodb.query(
        TableName=table,
        IndexName="late",
        KeyConditionExpression="#g = :g",
        ExpressionAttributeNames={"#g": "group"},
        ExpressionAttributeValues={":g": {"S": "held"}},
    )
    expect_equal(found["Count"], 1, "the number of items in the index")


@case("dynamodb:UpdateTable", says="A stream is switched on, and has an ARN then.")
def stream_is_added(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    dynamodb.update_table(TableName=table, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    described = dynamodb.describe_table(TableName=table)["Table"]
    expect("LatestStreamArn" in described, "gives the stream no ARN")


@case(
    "dynamodb:UpdateTimeToLive",
    "dynamodb:DescribeTimeToLive",
    says="Expiry by an attribute is switched on and described; another change within the hour is refused with ValidationException.",
)
def expiry_is_switched_on(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    off = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    expect_equal(off, "DISABLED", "the status before")
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"})
    described = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    expect(described["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}, f"calls it {described['TimeToLiveStatus']}")
    expect_equal(described.get("AttributeName"), "expires_at", "the attribute")
    with refused("ValidationException"):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "another"})


@case(
    "dynamodb:UpdateTimeToLive",
    says="An item that has expired may still be read for some days: whoever reads looks at the time.",
    page=f"{_GUIDE}/howitworks-ttl.html",
)
def expired_items_may_be_read(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"})
    put(account, table, {**key("a"), "expires_at": {"N": str(int(time.time()) - 60)}})
    expect("Item" in dynamodb.get_item(TableName=table, Key=key("a")), "hides or removes it at once")


@case("dynamodb:ListTables", says="Names come in pages of `Limit`, which go on from LastEvaluatedTableName.")
def tables_in_pages(account: Account) -> None:
    dynamodb = account.client("dynamodb")
    made = {account.table() for _ in range(3)}
    found, start = list[str](), dict[str, Any]()
    for _ in range(200):
        page = dynamodb.list_tables(Limit=2, **start)
        expect(len(page["TableNames"]) <= 2, "gives more names than asked for")
        found += page["TableNames"]
        if "LastEvaluatedTableName" not in page:
            break
        start = {"ExclusiveStartTableName": page["LastEvaluatedTableName"]}
    expect(made <= set(found) and len(found) == len(set(found)), "leaves names out, or gives them twice")


@case(
    "dynamodb:DeleteTable",
    says="A table is removed with its items; one that is not there is refused with ResourceNotFoundException.",
)
def table_is_removed(account: Account) -> None:
    table, dynamodb = account.table(), account.client("dynamodb")
    dynamodb.delete_table(TableName=table)
    dynamodb.get_waiter("table_not_exists").wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    with refused("ResourceNotFoundException"):
        dynamodb.delete_table(TableName=table)
