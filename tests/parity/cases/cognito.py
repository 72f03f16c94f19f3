"""Cognito user pools, as provisioning, identity and seeding call them."""

from __future__ import annotations

from parity.account import Account
from parity.case import case, expect, expect_equal, refused


def _user(account: Account, pool: str, email: str) -> str:
    """Make a user and return the `sub`."""
    given = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
    made = account.client("cognito-idp").admin_create_user(
        UserPoolId=pool, Username=email, UserAttributes=given, MessageAction="SUPPRESS"
    )
    return str({one["Name"]: one["Value"] for one in made["User"]["Attributes"]}["sub"])


@case(
    "cognito-idp:CreateUserPool",
    "cognito-idp:ListUserPools",
    says="Two pools of one name are two pools; they are listed in pages of MaxResults.",
)
def pools_in_pages(account: Account) -> None:
    cognito, name = account.client("cognito-idp"), account.name()
    made = {cognito.create_user_pool(PoolName=name)["UserPool"]["Id"] for _ in range(2)}
    expect_equal(len(made), 2, "the number of pools")
    found, token = list[str](), dict[str, str]()
    for _ in range(300):
        page = cognito.list_user_pools(MaxResults=1, **token)
        expect(len(page["UserPools"]) <= 1, "gives more pools than asked for")
        found += [one["Id"] for one in page["UserPools"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    expect(made <= set(found), "leaves pools out")


@case(
    "cognito-idp:DescribeUserPool",
    "cognito-idp:UpdateUserPool",
    says="A password policy is changed and described; a pool that is not there is refused with ResourceNotFoundException.",
)
def policy_of_a_pool(account: Account) -> None:
    cognito, pool = account.client("cognito-idp"), account.user_pool()
    cognito.update_user_pool(UserPoolId=pool, Policies={"PasswordPolicy": {"MinimumLength": 12}})
    found = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Policies"]["PasswordPolicy"]["MinimumLength"]
    expect_equal(found, 12, "the least length")
    with refused("ResourceNotFoundException"):
        cognito.describe_user_pool(UserPoolId=f"{pool[:-4]}none")


@case(
    "cognito-idp:CreateUserPoolDomain",
    "cognito-idp:DescribeUserPoolDomain",
    says="A domain that nobody has is described as empty; one that is taken is refused with InvalidParameterException.",
)
def domain_of_a_pool(account: Account) -> None:
    cognito, pool, domain = account.client("cognito-idp"), account.user_pool(), account.name()
    expect(
        not cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"].get("UserPoolId"),
        "describes a domain that nobody has",
    )
    cognito.create_user_pool_domain(UserPoolId=pool, Domain=domain)
    expect_equal(
        cognito.describe_user_pool_domain(Domain=domain)["DomainDescription"].get("UserPoolId"), pool, "whose domain it is"
    )
    with refused("InvalidParameterException"):
        cognito.create_user_pool_domain(UserPoolId=account.user_pool(), Domain=domain)


@case(
    "cognito-idp:CreateResourceServer",
    "cognito-idp:DescribeResourceServer",
    "cognito-idp:UpdateResourceServer",
    says="Scopes are made, described and replaced; a server that is not there is refused with ResourceNotFoundException.",
)
def scopes_of_a_server(account: Account) -> None:
    cognito, pool = account.client("cognito-idp"), account.user_pool()
    with refused("ResourceNotFoundException"):
        cognito.describe_resource_server(UserPoolId=pool, Identifier="shop")
    for operation, names in ((cognito.create_resource_server, ["a"]), (cognito.update_resource_server, ["b", "c"])):
        scopes = [{"ScopeName": name, "ScopeDescription": name} for name in names]
        operation(UserPoolId=pool, Identifier="shop", Name="shop", Scopes=scopes)
        found = cognito.describe_resource_server(UserPoolId=pool, Identifier="shop")["ResourceServer"]["Scopes"]
        expect_equal(sorted(one["ScopeName"] for one in found), names, "the scopes")


@case(
    "cognito-idp:CreateUserPoolClient",
    "cognito-idp:DescribeUserPoolClient",
    "cognito-idp:ListUserPoolClients",
    "cognito-idp:UpdateUserPoolClient",
    says="A client is made with its flows and scopes, listed, described and changed.",
)
def client_of_a_pool(account: Account) -> None:
    cognito, pool = account.client("cognito-idp"), account.user_pool()
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="web",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        AccessTokenValidity=30,
        TokenValidityUnits={"AccessToken": "minutes"},
    )
    client = made["UserPoolClient"]["ClientId"]
    listed = cognito.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    expect_equal([(one["ClientName"], one["ClientId"]) for one in listed], [("web", client)], "the clients")
    cognito.update_user_pool_client(
        UserPoolId=pool,
        ClientId=client,
        ClientName="web",
        AccessTokenValidity=5,
        TokenValidityUnits={"AccessToken": "minutes"},
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )
    found = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client)["UserPoolClient"]
    expect_equal(
        (found.get("AccessTokenValidity"), sorted(found.get("ExplicitAuthFlows", []))),
        (5, ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"]),
        "validity and flows",
    )


@case("cognito-idp:CreateUserPoolClient", says="A scope that no resource server has is refused with ScopeDoesNotExistException.")
def client_with_an_unknown_scope(account: Account) -> None:
    with refused("ScopeDoesNotExistException"):
        account.client("cognito-idp").create_user_pool_client(
            UserPoolId=account.user_pool(),
            ClientName="m2m",
            GenerateSecret=True,
            AllowedOAuthFlows=["client_credentials"],
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthScopes=["shop/none"],
        )


@case(
    "cognito-idp:AdminCreateUser",
    "cognito-idp:AdminGetUser",
    says="A user is found by the `sub` and by the e-mail address; a second one of the address is refused with "
    "UsernameExistsException.",
)
def user_is_found(account: Account) -> None:
    cognito, pool = account.client("cognito-idp"), account.user_pool()
    sub = _user(account, pool, "a@example.com")
    for name in (sub, "a@example.com"):
        found = {one["Name"]: one["Value"] for one in cognito.admin_get_user(UserPoolId=pool, Username=name)["UserAttributes"]}
        expect_equal((found.get("sub"), found.get("email")), (sub, "a@example.com"), "sub and e-mail address")
    with refused("UsernameExistsException"):
        _user(account, pool, "a@example.com")


@case("cognito-idp:AdminGetUser", says="A user that is not there is refused with UserNotFoundException.")
def user_that_is_not_there(account: Account) -> None:
    with refused("UserNotFoundException"):
        account.client("cognito-idp").admin_get_user(UserPoolId=account.user_pool(), Username="nobody")


@case(
    "cognito-idp:AdminSetUserPassword",
    says="With a permanent password a user is CONFIRMED and signs in; one that breaks the policy is refused with "
    "InvalidPasswordException.",
)
def password_of_a_user(account: Account) -> None:
    cognito, pool = account.client("cognito-idp"), account.user_pool()
    _user(account, pool, "a@example.com")
    with refused("InvalidPasswordException"):
        cognito.admin_set_user_password(UserPoolId=pool, Username="a@example.com", Password="short", Permanent=True)
    cognito.admin_set_user_password(UserPoolId=pool, Username="a@example.com", Password="Long-enough-1", Permanent=True)
    expect_equal(cognito.admin_get_user(UserPoolId=pool, Username="a@example.com")["UserStatus"], "CONFIRMED", "the status")
    client = cognito.create_user_pool_client(
        UserPoolId=pool, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    )["UserPoolClient"]["ClientId"]
    answer = cognito.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "a@example.com", "PASSWORD": "Long-enough-1"}
    )
    expect("AccessToken" in answer.get("AuthenticationResult", {}), "gives no access token")


@case("cognito-idp:AdminDeleteUser", says="A user is removed; removed again it is refused with UserNotFoundException.")
def user_is_removed(account: Account) -> None:
    cognito, pool = account.client("cognito-idp"), account.user_pool()
    sub = _user(account, pool, "a@example.com")
    cognito.admin_delete_user(UserPoolId=pool, Username=sub)
    with refused("UserNotFoundException"):
        cognito.admin_delete_user(UserPoolId=pool, Username=sub)
