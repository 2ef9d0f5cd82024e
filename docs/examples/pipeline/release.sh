#!/bin/sh
# Releases a version step by step. Each step is a policy, and before it stands how
# many users of a rule it may move:
#
#   release.sh 5%:step-5.yaml 25%:step-30.yaml 70%:step-100.yaml
#
# Needs graylane, and promtool of Prometheus. Exit codes: 0 the last policy is in
# force and its version does well; else it is not, and what was written last is
# taken back.
set -eu

[ $# -gt 0 ] || { echo "no step is given: write each as PERCENT:POLICY" >&2; exit 2; }
: "${TO:?is not set: where the policy is, such as etcd://10.0.0.5:2379/graylane/checkout}"
: "${PROMETHEUS:?is not set: the Prometheus that scrapes the proxies, such as http://prometheus:9090}"
: "${VERSION:?is not set: the version that is released, such as checkout/v2}"
# For how many seconds a step is watched, and what is asked of its version then.
: "${SOAK:=600}" "${MIN_ANSWERS:=500}" "${MAX_ERROR_PERCENT:=1}"
# Where the switches are: with them, a version that fails is closed as well.
: "${SWITCHES:=}"

labels="gray_service=\"${VERSION%%/*}\",gray_version=\"${VERSION#*/}\""
answers="sum(increase(graylane_guard_answers_total{$labels}[${SOAK}s]))"
failures="(sum(increase(graylane_guard_failed_total{$labels}[${SOAK}s])) or vector(0))"
# Series that an expression has, which are none where it does not hold.
ask() { promtool query instant "$PROMETHEUS" "$1"; }

say() { printf '\n== %s\n' "$*"; }

# Waits until every proxy that Prometheus knows has what is published.
in_force() { graylane status --prometheus "$PROMETHEUS" --expect "$TO" --wait 2m; }

# Watches a step. A guard's verdict, in any proxy, ends it at once; how many of the
# answers were failures is looked at in the end, over the whole of it.
soak() {
  until=$(($(date +%s) + SOAK))
  while [ "$(date +%s)" -lt "$until" ]; do
    sleep 5
    closed=$(ask "graylane_guard_state{$labels} > 0") || continue
    [ -z "$closed" ] || { echo "a guard has found it bad: $closed"; return 1; }
  done
  enough=$(ask "$answers >= $MIN_ANSWERS") || return 1
  [ -n "$enough" ] || { echo "fewer than $MIN_ANSWERS answers: $(ask "$answers")"; return 1; }
  failing=$(ask "100 * $failures / $answers > $MAX_ERROR_PERCENT") || return 1
  [ -z "$failing" ] || { echo "too many answers in a hundred are failures: $failing"; return 1; }
}

# Nothing is taken back that was there before this step.
go_back() {
  say "$VERSION goes back"
  [ -z "$SWITCHES" ] || graylane switch "$VERSION=closed" --to "$SWITCHES" || echo "it is not closed"
  [ "$outcome" = in_force ] || graylane rollback --to "$TO" --yes
  in_force
  exit 1
}

before=
for step in "$@"; do
  policy=${step#*:}
  say "$policy: is it right?"
  graylane check --strict "$policy"
  if [ -n "$before" ]; then graylane diff "$before" "$policy" --max-moved "${step%%:*}"; fi
  before=$policy
done
for step in "$@"; do
  policy=${step#*:}
  say "$policy: publish"
  told=$(graylane publish "$policy" --to "$TO" --max-moved "${step%%:*}" --yes --format json) ||
    { code=$?; echo "$told"; exit "$code"; }
  case $told in *'"outcome": "in_force"'*) outcome=in_force ;; *) outcome=published ;; esac
  in_force || go_back
  say "$policy: is $VERSION well?"
  soak || go_back
done
say "$VERSION: released"
