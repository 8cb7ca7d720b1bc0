#!/bin/sh
# Brings what the tests need beyond packages: `machine.sh` and caddy, chromium or postgresql.
# Uses what is there; else Debian's package where it may; else says what to do. Says what it did.
set -eu

say() { echo "test machine: $*"; }

stop() {
	echo "test machine: $*" >&2
	exit 1
}

has_chromium() {
	command -v chromium >/dev/null || command -v google-chrome >/dev/null ||
		.venv/bin/python scripts/has_chromium.py
}

has_postgresql() {
	command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}

may_install() {
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null
}

install_packages() {
	say "installing Debian's $* (apt-get)"
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
	say "installed $*"
}

bring_chromium() {
	if has_chromium; then
		say "Chromium is here"
	elif may_install; then
		install_packages chromium fonts-liberation
	else
		say "Chromium is missing, and this is not root on Debian: playwright install chromium"
		.venv/bin/python -m playwright install chromium
	fi
	bring_headless_shell
}

# Debian's Chromium without windows opens a profile in a quarter of the time; none is no fault.
bring_headless_shell() {
	if command -v chromium-headless-shell >/dev/null || ! command -v chromium >/dev/null || ! may_install; then
		return
	fi
	apt-get update -qq
	if [ -n "$(apt-cache search --names-only '^chromium-headless-shell$')" ]; then
		install_packages chromium-headless-shell
	else
		say "no chromium-headless-shell here: the browser tests take longer"
	fi
}

bring_postgresql() {
	if has_postgresql; then
		say "PostgreSQL is here"
	elif may_install; then
		install_packages postgresql
	elif [ -n "${CI:-}" ]; then
		stop "PostgreSQL is missing, and this is not root on Debian: install it first"
	else
		say "PostgreSQL is missing, and this is not root on Debian: its tests will be skipped"
	fi
}

bring_caddy() {
	if command -v caddy >/dev/null; then
		say "Caddy is here"
	elif may_install; then
		install_quietly caddy
	elif [ -n "${CI:-}" ]; then
		stop "Caddy is missing, and this is not root on Debian: install it first"
	else
		say "Caddy is missing, and this is not root on Debian: its tests will be skipped"
	fi
}

# Debian starts some services as they are installed, and a test would find their ports taken.
install_quietly() {
	if [ -e /usr/sbin/policy-rc.d ]; then
		install_packages "$@"
		return
	fi
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
	chmod 0755 /usr/sbin/policy-rc.d
	install_packages "$@"
	rm -f /usr/sbin/policy-rc.d
}

case "${1:-}" in
caddy) bring_caddy ;;
chromium) bring_chromium ;;
postgresql) bring_postgresql ;;
*) stop "caddy, chromium or postgresql?" ;;
esac
