# `make run` needs only Python 3.11 or newer. What we depend on goes into .venv, exactly as the locked files say; a copy
# of the file that was installed last lies in .venv, and says whether there is something to do.

.PHONY: run test faults scenarios bench check audit screenshots messages setup setup-dev browser-libraries video.js venv

PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes
PYTHON = $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$python" && break; done)
VIDEO_JS = $(shell sed -n 's/.*"video.js": "\(.*\)".*/\1/p' package.json)
JS_TESTS = $(wildcard tests/js/*.test.js tests/js/*.test.mjs)

# It also says "nosec encountered, but no failed test" of parts of a statement whose whole has one; that is no finding.
BANDIT = .venv/bin/bandit --quiet --recursive project consumers feed progress
# With TLS, which the embedded ones cannot do. Debian keeps it off the PATH.
DEBIAN_POSTGRES = $(firstword $(wildcard /usr/lib/postgresql/*/bin/postgres) postgres)

# As in production, but for the services, which nobody asks here.
PRODUCTION = DEBUG=false ALLOWED_HOSTS=feed.example CSRF_TRUSTED_ORIGINS=https://feed.example \
	DATABASE_URL=postgresql://feed@127.0.0.1:1/feed REDIS_URL=redis://127.0.0.1:1/0 \
	EMAIL_URL=smtp+tls://127.0.0.1:1 \
	SECRET_KEY="$$(.venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(64))')"

# Install a Debian package for a command that is missing, where we may.
define debian
	@command -v $(1) >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y $(2); } || { \
		echo "make test needs $(1): install it (on Debian, as root: apt-get install $(2))." >&2; exit 1; }
endef

run: setup
	@exec .venv/bin/python -m project.run

test: setup-dev browser-libraries
	$(call debian,chromium,chromium)
	$(call debian,node,nodejs)
	$(call debian,redis-server,redis-server)
	$(call debian,$(DEBIAN_POSTGRES),postgresql)
	.venv/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
	$(if $(JS_TESTS),node --test $(JS_TESTS))

# A class at work while everything fails, by chance and by turns; the seed repeats a run (docs/faults.md). ARGS="--seed 7".
# Steps of clocks need Debian's faketime; where it cannot be had, the report says that they were not run.
faults: setup-dev
	@command -v faketime >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y faketime; } || true
	.venv/bin/python -m tests.chaos $(ARGS)

# The long ones, in real time.
scenarios: setup-dev browser-libraries
	$(call debian,chromium,chromium)
	.venv/bin/python -m pytest -s $(wildcard tests/scenarios/[!_]*.py)
	FEED_SPEED_SECONDS=60 .venv/bin/python -m pytest -s tests/test_feed_speed.py
	ROSTER_SECONDS=20 .venv/bin/python -m pytest -s tests/test_roster.py -k long_task

# Ours and its peers side by side. All of it writes docs/benchmarks.md; ARGS="burst steady" is some of it, ARGS="--small"
# only sees that it works.
bench: setup-dev
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
		&& apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y chromium; } || true
	.venv/bin/python -m tests.bench --json .local/bench/last.json $(or $(ARGS),--write docs/benchmarks.md)

check: setup-dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	@echo mypy; $(PRODUCTION) .venv/bin/mypy  # its Django plugin reads the settings
	$(BANDIT)
	.venv/bin/lint-imports
	.venv/bin/djhtml --check templates
	@echo "manage.py makemigrations --check"; $(PRODUCTION) .venv/bin/python manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy"; $(PRODUCTION) .venv/bin/python manage.py check --deploy --fail-level WARNING

# Known holes: in our code by bandit, in what we depend on by pip-audit. Fails too where something was not looked up
# (docs/audits.md). ARGS="--service osv" asks another list.
audit: setup-dev
	$(BANDIT)
	.venv/bin/python -m tests.package_audit $(ARGS)

# The pictures of docs/images, taken anew.
screenshots: setup-dev
	$(call debian,chromium,chromium)
	.venv/bin/python -m tests.screenshots

# What is to be translated, brought into locale/ from the code and the templates.
messages: setup-dev
	.venv/bin/python -m project.catalogues update

setup: venv
	@cmp -s requirements.txt .venv/requirements.txt || { \
		echo "installing requirements.txt"; rm -f .venv/requirements.txt .venv/requirements-dev.txt; \
		$(PIP) -r requirements.txt && cp requirements.txt .venv/; }
	@.venv/bin/python -m project.catalogues compile

# What it installs covers setup's.
setup-dev: venv
	@{ cmp -s requirements-dev.txt .venv/requirements-dev.txt && cmp -s requirements.txt .venv/requirements.txt; } || { \
		echo "installing requirements-dev.txt"; rm -f .venv/requirements.txt .venv/requirements-dev.txt; \
		$(PIP) -r requirements-dev.txt && cp requirements.txt requirements-dev.txt .venv/; }
	@.venv/bin/python -m project.catalogues compile

# What tests put into pages that is not ours. The site itself needs nothing from npm.
browser-libraries:
	@grep -qsF '"version": "$(VIDEO_JS)"' node_modules/video.js/package.json || $(MAKE) --no-print-directory video.js

video.js:
	$(call debian,npm,npm)
	npm install --no-package-lock --no-audit --no-fund

venv:
	@.venv/bin/python -c 'import pip' 2>/dev/null || { \
		[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed; this machine has $$(python3 --version 2>&1 || echo none)." >&2; exit 1; }; \
		$(PYTHON) -m venv --clear .venv || { \
		echo "$(PYTHON) cannot make a virtual environment: install its venv module (on Debian, as root: apt-get install python3-venv)." >&2; exit 1; }; }
