#!/bin/sh
# Runs every test at its full size and writes the result, with date and commit, to soak-results.md.
set -eu

output=$(mktemp)
trap 'rm -f "$output"' EXIT
commit=$(git rev-parse --short HEAD 2>/dev/null || echo "none yet")
[ -z "$(git status --porcelain -- . ":!soak-results.md" 2>/dev/null)" ] || commit="$commit, with changes not committed"

status=0
CALCINOSIS_SOAK=1 .venv/bin/python -m pytest -q --color=no --durations=20 --durations-min=1 >"$output" 2>&1 || status=$?
cat "$output"

{
	echo "# The last soak: every test at its full size"
	echo
	echo "Written by \`make soak\`."
	echo
	echo "| | |"
	echo "|---|---|"
	echo "| Date | $(date -u +'%Y-%m-%d %H:%M UTC') |"
	echo "| Commit | $commit |"
	echo "| Machine | $(uname -sm), $(getconf _NPROCESSORS_ONLN) cores, $(.venv/bin/python --version) |"
	echo "| Result | $(tail -n 1 "$output" | tr -d '=' | sed 's/^ *//; s/ *$//') |"
	echo
	echo "The slowest, of those over a second:"
	echo
	echo '```'
	grep -E '^[0-9.]+s (call|setup|teardown)' "$output" || true
	echo '```'
} >soak-results.md
exit "$status"
