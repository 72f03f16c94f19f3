# One word sets up, one word checks. `just` alone lists the words.

python := ".venv/bin/python"
alike := "tests/e2e/test_checkout.py tests/e2e/test_quotes.py tests/e2e/test_cart.py tests/e2e/test_catalog.py tests/e2e/test_search.py tests/e2e/test_api_gateway.py tests/e2e/test_services_keep_their_openapi.py"

[private]
default:
    @{{ just_executable() }} --list --unsorted

# Make .venv from requirements.lock, or bring it up to date
setup:
    ./shop-dev --version

# Everything a machine can settle: lint, format, types, import rules, generated files, security
check:
    .venv/bin/ruff check .
    .venv/bin/ruff format --check .
    .venv/bin/mypy
    .venv/bin/lint-imports
    {{ python }} -P -m shop_dev contracts check
    {{ python }} -m shop_dev.reference --check
    .venv/bin/bandit --quiet --recursive --severity-level low --exclude '*_pb2.py' cli sandbox services contracts loadtests

# Put imports and layout right
format:
    .venv/bin/ruff check --fix-only --exit-zero .
    .venv/bin/ruff format .

# All tests; arguments go to pytest
test *arguments:
    ./shop-dev test {{ arguments }}

# The quick tests: no process but their own
unit *arguments:
    ./shop-dev test tests/unit tests/contract {{ arguments }}

# Play histories of the shop in virtual time: `just simulate 5000`, `just simulate --seed 13` tells one
simulate *arguments:
    cd tests && PYTHONHASHSEED=0 ../{{ python }} -m simulation {{ arguments }}

# Strike the loaded shop by many seeds and read its books after each: `just storms 1-20`
storms seeds:
    SHOP_CHAOS_SEEDS={{ seeds }} {{ python }} -m pytest tests/e2e/test_chaos_under_load.py -k any_seed

# Let each known failure of shops into a copy of the services, and see whether its test says so
known-failures:
    {{ python }} tests/known_failures.py

# Tests against real Kafka, PostgreSQL, Redis and the emulator
integration *arguments:
    ./shop-dev test tests/integration {{ arguments }}

# Tests of the whole sandbox through the command line
e2e *arguments:
    ./shop-dev test tests/e2e {{ arguments }}

# What CI runs
ci:
    CI=true bash .ci/run

# Make what is made from contracts: Protobuf modules and stubs, AsyncAPI documents
contracts:
    {{ python }} -P -m shop_dev contracts generate

# Write what is made from the code and the manifests: reference pages, parts of ARCHITECTURE.md, compose.yaml, the chart's values
reference:
    {{ python }} -m shop_dev.reference
    {{ python }} -m shop_contracts.compat.documents > docs/reference/contract-rules.md
    {{ python }} -m shop_contracts.openapi_diff.pages > docs/reference/openapi-rules.md

# Make the same calls to each AWS emulator; write docs/reference/aws-parity.md (LocalStack takes uv, Maven and Java)
parity *arguments:
    cd tests && ../{{ python }} -m parity {{ arguments }}

# Hold the contract checks against the cases of the tools they follow (../shared/corpora)
conformance *arguments:
    {{ python }} -m shop_contracts.conformance {{ arguments }}
    {{ python }} tests/contract/registry_agreement.py

# Look for a change of an OpenAPI document that is called safe and is not
search-counter-examples *arguments:
    cd tests && ../{{ python }} -m bench.search_counter_examples {{ arguments }}

# Kill the supervisor at random moments of up, run, reload and down: what is left, what is lost
bench-kills *arguments:
    cd tests && ../{{ python }} -m bench.bench_kills {{ arguments }}

# Kill and pause services and stores of a shop under load at random; read its books; write the figures into performance.md
bench-shop-kills *arguments:
    cd tests && ../{{ python }} -m bench.bench_shop_kills {{ arguments }}

# The whole shop in containers: build its images, bring it up with docker compose, order something (needs a Docker daemon)
containers:
    {{ python }} -m pytest tests/containers

# The same tests of the shop on each engine, end to end and of its API (needs a Docker daemon; takes its time)
equality *engines='embedded mixed docker':
    for engine in {{ engines }}; do SHOP_ENGINE=$engine ./shop-dev test {{ alike }} || exit 1; done

# Integration tests on stores from throw-away containers in place of the embedded engine (needs a Docker daemon)
throw-away *arguments='tests/integration/provision tests/integration/shop_kit tests/integration/shop_services':
    ./shop-dev test --engine docker {{ arguments }}

# Measure the engines beside each other and beside docker compose; write the figures into docs/reference/performance.md
bench-engines *arguments:
    cd tests && ../{{ python }} -m bench.bench_engines {{ arguments }}

# Measure up, down, status, --help and edit-to-ready; write the figures into docs/reference/performance.md
bench-up *arguments:
    cd tests && ../{{ python }} -m bench.bench_up {{ arguments }}

# Measure how long a look takes (topics, explain, tables ...); write the figures into docs/reference/performance.md
bench-first-day *arguments:
    cd tests && ../{{ python }} -m bench.bench_first_day {{ arguments }}

# Measure what checkouts cost and how long they take; write the figures into docs/reference/performance.md
bench-shop *arguments:
    cd tests && ../{{ python }} -m bench.bench_checkout {{ arguments }}

# Measure what `load` adds to what it measures, beside wrk where that is installed: `just bench-load --soak 5`
bench-load *arguments:
    cd tests && ../{{ python }} -m bench.bench_load {{ arguments }}

# Measure how long 50,000 products take to seed, and whom; write the figures into docs/reference/performance.md
bench-seed *arguments:
    cd tests && ../{{ python }} -m bench.bench_seed {{ arguments }}

# Measure searches over 50,000 products; write the figures into docs/reference/performance.md
bench-search *arguments:
    cd tests && ../{{ python }} -m bench.bench_search {{ arguments }}

# Measure compatibility checks and the registry
bench-contracts *arguments:
    cd tests && ../{{ python }} -m bench.bench_contracts {{ arguments }}
    {{ python }} tests/bench/bench_compat.py
    {{ python }} tests/bench/bench_openapi.py
    {{ python }} tests/bench/bench_registry.py

# Look for known vulnerabilities in the locked packages
audit:
    {{ python }} .ci/audit.py

# Resolve Kafka's and Redis' archives anew, with their hashes (needs a network)
lock-jars:
    {{ python }} -m shop_sandbox.downloads

# Resolve pyproject.toml anew for all platforms (needs uv and a network)
lock:
    uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'just lock' --output-file requirements.lock
    uv pip compile infra/images/requirements.in --constraint requirements.lock --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command 'just lock' --output-file infra/images/requirements.lock
