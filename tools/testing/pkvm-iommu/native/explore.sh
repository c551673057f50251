#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# explore.sh walk|fuzz MINUTES: look for what the fixed seeds do not find, on all
# CPUs. A walk that fails is shortened and printed; an input that fails is kept.

. "$(dirname "$0")/../build/lib.sh"

NATIVE=$TESTING/native
what=${1:?} minutes=${2:-10}
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0

walk()
{
	local seed job variant rc=0 pids=() variants=(asan fast ideal)

	for variant in "${variants[@]}"; do
		make -s -C "$NATIVE" OUT="$OUT" VARIANT=$variant -j"$JOBS"
	done
	# The specification needs no sanitizer, and is checked twice as often without. There
	# is one job more than CPUs: with two, each of the variants has one.
	for job in $(seq 0 "$JOBS"); do
		seed=$((($(od -An -N4 -tu4 /dev/urandom) << 16)))
		variant=${variants[job % 3]}
		echo "seed $seed ($variant)"
		"$OUT/native/$variant-4k/native" --explore $((minutes * 60)) --seed $seed &
		pids+=($!)
	done
	for job in "${pids[@]}"; do
		wait "$job" || rc=1
	done
	return $rc
}

# New inputs go to out/native/corpus, the committed ones are where it starts
fuzz()
{
	local which variant rc=0 pids=()

	for variant in fuzz ideal-fuzz; do
		make -s -C "$NATIVE" OUT="$OUT" VARIANT=$variant CC=clang -j"$JOBS" fuzz
		for which in host guest; do
			mkdir -p "$OUT/native/corpus/$which"
			"$OUT/native/$variant-4k/fuzz-$which" \
				-max_total_time=$((minutes * 60)) -max_len=400 \
				-artifact_prefix="$OUT/native/corpus/" \
				"$OUT/native/corpus/$which" "$NATIVE/fuzz/corpus/$which" \
				>"$LOGS/$variant-$which.log" 2>&1 &
			pids+=($!)
		done
	done
	for which in "${pids[@]}"; do
		wait "$which" || rc=1
	done
	tail -n 1 "$LOGS"/fuzz-host.log "$LOGS"/fuzz-guest.log "$LOGS"/ideal-fuzz-*.log
	return $rc
}

"$what"
