#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# All static checks, one line each; what a check says is in out/logs/check-*.log.

. "$(dirname "$0")/lib.sh"
lock_out

# What checkpatch says that is not ours to change:
#  FILE_PATH_CHANGES  MAINTAINERS is for whoever takes the series
#  CAMELCASE          names of the kernel and of libc (MT_DEVICE_nGnRE, PRIx64)
#  MISSING_SIGN_OFF   patches are signed when they are exported
#  AVOID_EXTERNS, FUNCTION_ARGUMENTS
#                     a variable named by kvm_nvhe_sym() looks like a function
CHECKPATCH_IGNORE=FILE_PATH_CHANGES,CAMELCASE,MISSING_SIGN_OFF
CHECKPATCH_IGNORE+=,AVOID_EXTERNS,FUNCTION_ARGUMENTS

passed=0
failed=0
skipped=0

overlay()
{
	(cd "$TOP" && find arch drivers include tools Documentation "$@" -type f \
		-not -path '*/__pycache__/*' 2>/dev/null | sort)
}

# check NAME COMMAND...: COMMAND fails, or prints what is wrong. It may end
# with "skipped: why" instead.
check()
{
	local name=$1 log=$LOGS/check-$1.log rc=0 begin=$SECONDS why
	shift

	("$@") >"$log" 2>&1 </dev/null || rc=$?
	why=$(sed -n '$s/^skipped: //p' "$log")
	if [ -n "$why" ]; then
		echo "skip $name: $why"
		skipped=$((skipped + 1))
	elif [ $rc -eq 0 ] && [ ! -s "$log" ]; then
		echo "ok   $name ($((SECONDS - begin))s)"
		passed=$((passed + 1))
	else
		echo "FAIL $name, see $log:"
		head -n 20 "$log" | sed 's/^/     | /'
		failed=$((failed + 1))
	fi
}

# checkpatch_some IGNORE [FIND-ARGUMENTS...]
checkpatch_some()
{
	local ignore=$1
	shift

	overlay -name '*.[chS]' "$@" | (cd "$TREE" && xargs -P "$JOBS" -n 8 \
		perl scripts/checkpatch.pl --strict --terse --quiet \
		--show-types --ignore="$ignore" -f) | grep -v '^total:'
}

# User space has no kernel macros, reads memory that devices write, and knows
# errnos that a kernel must not return; guest code is assembly in strings.
USER_IGNORE=BIT_MACRO,ARRAY_SIZE,PREFER_DEFINED_ATTRIBUTE_MACRO,VOLATILE,ENOSYS
USER_IGNORE+=,LEADING_SPACE,EMBEDDED_FUNCTION_NAME

# The native harness defines the kernel's own macros, barriers and types for
# another program, and asserts: a rule of the specification that does not hold
# returns what is wrong, a message that is not split and not known as one.
NATIVE_IGNORE=MACRO_ARG_REUSE,MACRO_ARG_PRECEDENCE,MACRO_ARG_UNUSED,COMPLEX_MACRO
NATIVE_IGNORE+=,AVOID_BUG,MEMORY_BARRIER,NEW_TYPEDEFS,IS_ENABLED_CONFIG
NATIVE_IGNORE+=,MACRO_WITH_FLOW_CONTROL,LONG_LINE_STRING

checkpatch_files()
{
	checkpatch_some "$CHECKPATCH_IGNORE" -not -path '*/programs/*' \
		-not -path '*/native/*' -not -path 'tools/virt/*'
	checkpatch_some "$CHECKPATCH_IGNORE,$USER_IGNORE" \
		\( -path '*/programs/*' -o -path 'tools/virt/*' \)
	checkpatch_some "$CHECKPATCH_IGNORE,$USER_IGNORE,$NATIVE_IGNORE" \
		-path '*/native/*'
	return 0
}

checkpatch_patches()
{
	(cd "$TREE" && perl scripts/checkpatch.pl --strict --terse --quiet \
		--show-types --ignore="$CHECKPATCH_IGNORE" \
		"$TOP"/patches/*.patch) | grep -v '^total:'
	return 0
}

# The last sparse release does not know __typeof_unqual__, which the kernel
# uses; the qualifiers make no difference to what sparse looks for.
SPARSE="sparse -D__typeof_unqual__=__typeof__"

# Sparse looks at what is compiled, so the objects of what we add or patch go first, and
# come back. What it says is compared with sparse.known, without line numbers: what it
# says of the pristine files that we only patch, and of every module_param().
run_sparse()
{
	local said=$LOGS/sparse.out files goals=(arch/arm64/kvm/hyp/nvhe/) stem

	files=$(changed | grep -E '^(arch|drivers)/.*\.[ch]$')
	for stem in $(sed -n 's/\.c$//p' <<<"$files"); do
		case $stem in
		drivers/iommu/*) goals+=("$stem.o") ;;	# configured or not
		*) [ ! -e "$BUILD/$stem.o" ] || goals+=("$stem.o") ;;
		esac
		rm -f "$BUILD/$stem.o" "$BUILD/$stem.nvhe.o"
	done
	kbuild -s V=0 C=1 CHECK="$SPARSE" "${goals[@]}" >"$said" 2>&1 || cat "$said"
	for stem in $(sed -n 's/\.c$//p' <<<"$files" | grep /iommu/); do
		[ -e "$BUILD/$stem.o" ] || [ -e "$BUILD/$stem.nvhe.o" ] ||
			echo "$stem.c was not compiled"
	done
	grep -E 'warning:|error:' "$said" | grep -F "$files" | sort -u |
		sed "s#^$TREE/##; s#^\.\./linux/##" |
		while read -r line; do
			sed 's/:[0-9]*:[0-9]*:/:/' <<<"$line" |
				grep -qxF -f "$HERE/sparse.known" || echo "$line"
		done
}

kernel_doc()
{
	overlay \( -path '*/pkvm/*' -o -path '*iommu*' \) -name '*.[ch]' \
		-not -path 'tools/*' |
		(cd "$TREE" && xargs scripts/kernel-doc -none -Wall 2>&1) | sort -u
}

spdx()
{
	(cd "$TOP" && git ls-files -co --exclude-standard |
	 grep -v -x -e COPYING -e 'patches/.*' -e 'Documentation/ABI/.*' \
		-e '.*/native/mutants/.*' -e '.*/native/fuzz/corpus/.*' | while read -r f; do
		[ ! -s "$f" ] || head -n 3 "$f" | grep -q SPDX-License-Identifier ||
			echo "$f: no SPDX line"
	 done)
}

# Nothing that is true of one machine only
private_names()
{
	local names='/home/|/work/|(deb|security|archive)\.debian\.org|npmjs|\.internal\b'

	(cd "$TOP" && git ls-files -co --exclude-standard | grep -v build/check.sh |
	 xargs grep -nE "$names" -- /dev/null) || true
}

scripts()
{
	(cd "$TOP" && git ls-files -co --exclude-standard | while read -r f; do
		[ -f "$f" ] || continue
		read -r first <"$f" || true
		case $f,$first in
		*,*bash | */lib.sh,*) bash -n "$f" ;;
		*.sh,* | *,*" sh" | *,*/sh) sh -n "$f" ;;
		*.py,* | *,*python3) echo "$f" ;;
		esac
	done | python3 -c '
import ast, sys
for name in sys.stdin.read().split():
    ast.parse(open(name).read(), name)
')
}

# dt_binding_check of our bindings, with the examples in them
dt_bindings()
{
	local marks=("$BUILD"/Documentation/devicetree/bindings/.{dt-binding,yamllint,dt-style}.checked)
	local bindings mark

	"$HERE/dtschema.sh" >"$LOGS/dtschema-setup.log" 2>&1 || {
		cat "$LOGS/dtschema-setup.log"
		return 1
	}
	PATH=$OUT/dtschema/run:$PATH
	command -v dt-doc-validate >/dev/null || {
		echo "skipped: not Debian, and there is no dtschema"
		return
	}
	bindings=$(overlay -path '*devicetree/bindings/*' -name '*.yaml' | paste -sd:)
	rm -f "${marks[@]}"
	# One job: with more, a script of this misses what make 4.4 has
	kbuild -s -j1 dt_binding_check PYTHON3="$(command -v python3)" \
		DT_SCHEMA_FILES="$bindings" 2>&1
	# It does not fail on what it finds, but leaves out what says that it passed
	for mark in "${marks[@]}"; do
		[ -e "$mark" ] || echo "no $mark"
	done
}

# The EL2 code keeps to its layers, and the check notices if it does not
seam()
{
	python3 "$HERE/seam.py" "$TOP"
	python3 "$HERE/seam.py" --self-test
}

# The trusted code does not grow unnoticed
tcb()
{
	python3 "$HERE/tcb.py" "$TOP" --ceiling
}

series()
{
	python3 "$HERE/series.py" "$TOP" "$OUT" >"$LOGS/series.log" 2>&1 ||
		cat "$LOGS/series.log"
}

# What make edit takes apart make patches puts together again
edit()
{
	python3 "$HERE/edit.py" check "$TOP" "$OUT" 2>&1
}

python3 "$HERE/tree.py" "$TOP" "$OUT" >"$LOGS/tree.log"
[ -e "$BUILD/.config" ] || die "no configured kernel: make kernel first"

check checkpatch-files checkpatch_files
check checkpatch-patches checkpatch_patches
check sparse run_sparse
check kernel-doc kernel_doc
check spdx spdx
check private-names private_names
check scripts scripts
check dt-bindings dt_bindings
check seam seam
check tcb tcb
check series series
check edit edit
check configs "$HERE/configs.sh"

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
