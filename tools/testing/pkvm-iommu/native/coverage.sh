#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which lines and branches of the EL2 code the native tests reach: a report in
# out/native/coverage, a summary here. Below 95 % of lines or 90 % of branches it
# fails, and if uncovered.txt does not say why the rest is not reached.

. "$(dirname "$0")/../build/lib.sh"

NATIVE=$TESTING/native
DIR=$OUT/native/cov-4k
REPORT=$OUT/native/coverage

make -s -C "$NATIVE" OUT="$OUT" VARIANT=cov -j"$JOBS"
find "$DIR" -name '*.gcda' -delete
"$DIR/native" --seed "${SEED:-1}" >"$LOGS/coverage.log" ||
	die "tests fail, see $LOGS/coverage.log"

rm -rf "$REPORT"
mkdir -p "$REPORT"
cd "$TOP"
gcovr --root "$TOP" --filter 'arch/arm64/kvm/hyp/nvhe/iommu/' \
	--html-details "$REPORT/index.html" --txt "$REPORT/lines.txt" \
	--json "$REPORT/lines.json" --fail-under-line 95 --fail-under-branch 90 \
	--print-summary "$DIR/el2" >"$REPORT/summary.txt" || rc=$?
cat "$REPORT/summary.txt"
echo "report: ${REPORT#"$TOP"/}/index.html"
python3 "$NATIVE/uncovered.py" "$REPORT/lines.json" || rc=1
exit ${rc:-0}
