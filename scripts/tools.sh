#!/bin/sh
# Puts the tools that set-up needs into .build/bin: uv, node and npm. Each is a link to the
# machine's own where that is new enough, else a locked package. Notes in .build/python which
# Python to use: a path and no link, since an environment would keep the link as its home.
set -eu

OLDEST_PYTHON='(3, 11)'
OLDEST_UV='0.9'
OLDEST_NODE='20.19'

say() { echo "set-up: $*"; }

stop() {
	echo "set-up: $*" >&2
	exit 1
}

# at_least 20.20.2 20.19: is the first version at least the second?
at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

find_python() {
	for name in python3 python3.14 python3.13 python3.12 python3.11; do
		found=$(command -v "$name") || continue
		if "$found" -c "import sys; sys.exit(sys.version_info < $OLDEST_PYTHON)"; then
			"$found" -c 'import sys; print(sys.executable)'
			return
		fi
	done
	stop "Python 3.11 or newer is needed, and none was found on the path."
}

# Debian keeps the part of Python that makes environments in a package of its own.
make_environment() {
	"$1" -m venv .build/own 2>/dev/null && return
	rm -rf .build/own
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		say "installing Debian's python3-venv, which Python needs to make an environment"
		apt-get update -qq
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
		"$1" -m venv .build/own && return
	fi
	stop "Python cannot make an environment here; install the package python3-venv, or uv."
}

bring_uv() {
	if found=$(command -v uv) && at_least "$(uv --version | cut -d ' ' -f 2)" "$OLDEST_UV"; then
		ln -sf "$found" .build/bin/uv
		return
	fi
	say "bringing uv"
	make_environment "$1"
	.build/own/bin/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-uv.txt
	ln -sf ../own/bin/uv .build/bin/uv
}

bring_node() {
	if found=$(command -v node) && command -v npm >/dev/null &&
		at_least "$(node --version | tr -d v)" "$OLDEST_NODE"; then
		ln -sf "$found" .build/bin/node
		ln -sf "$(command -v npm)" .build/bin/npm
		return
	fi
	say "bringing Node, to build the style sheet"
	.build/bin/uv venv --quiet --allow-existing --python "$1" .build/node
	.build/bin/uv pip install --quiet --python .build/node/bin/python \
		--require-hashes -r requirements-node.txt
	ln -sf ../node/bin/node .build/bin/node
	ln -sf ../node/bin/npm .build/bin/npm
}

mkdir -p .build/bin
python=$(find_python)
echo "$python" >.build/python
bring_uv "$python"
bring_node "$python"
