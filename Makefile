# SPDX-License-Identifier: GPL-2.0-only
#
# Builds and tests the pKVM IOMMU on an emulated machine. Everything that is
# made goes below out/; the work is done by the scripts in $(B).
#
#   PAGE=4k|16k|64k  CPU=neoverse-v1|cortex-a72|max  SMMU=nested|1|2|none
#   MODE=protected|nvhe  TESTS=PATTERN  SEED=N  DEBUG=1  VERBOSE=1
#   BOOT=NAME  GDB=1
#   KERNEL_SRC=DIR|TARBALL  CROSS_COMPILE=PREFIX-  QEMU=PATH

T := tools/testing/pkvm-iommu
B := $(T)/build
N := $(T)/native

PAGE ?= 4k
CPU ?= neoverse-v1
SMMU ?= nested
MODE ?= protected
MINUTES ?= 10
OUT ?= $(CURDIR)/out
export PAGE DEBUG KERNEL_SRC CROSS_COMPILE QEMU OUT

MACHINE = --cpu $(CPU) --smmu $(SMMU) --mode $(MODE) --page $(PAGE) \
	  $(if $(DEBUG),--debug)

.DEFAULT_GOAL := help
.PHONY: help run test test-matrix check-native mutants coverage \
	explore fuzz bench check setup kernel image shell series edit \
	patches tcb clean distclean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | \
	while read -r target text; do printf '  make %-13s %s\n' "$$target" "$$text"; done
	@sed -n '/^#   [A-Z]/s/^#/ /p' $(MAKEFILE_LIST)

run: image ## Boot the demonstration: a VM with devices, then an attack
	@python3 $(T)/boot/demo.py $(MACHINE) $(if $(VERBOSE),--verbose)

test: setup ## Boot tests of all page sizes, native suites beside them; TESTS=PATTERN runs some
	@$(B)/test.sh --tests '$(TESTS)' $(if $(SEED),--seed $(SEED))

test-matrix: setup ## All CPUs x SMMU stages x page sizes x memory sizes
	@$(B)/test.sh --tests '$(TESTS)' $(if $(SEED),--seed $(SEED)) --matrix

check-native: setup ## The EL2 code under sanitizers, on this machine (TESTS=NAME)
	@$(B)/native.sh '$(TESTS)'

mutants: setup ## Seed faults into the EL2 code: tests must catch each (TESTS=NAME)
	@$(B)/native.sh --only-tree && $(N)/mutants.py $(TESTS)

coverage: setup ## What the native tests reach of the EL2 code, in HTML
	@$(B)/native.sh --only-tree && $(N)/coverage.sh

explore: setup ## Random walks for MINUTES=10, on all CPUs
	@$(B)/native.sh --only-tree && $(N)/explore.sh walk $(MINUTES)

fuzz: setup ## libFuzzer on the calls of host and guest, for MINUTES=10
	@$(B)/native.sh --only-tree && $(N)/explore.sh fuzz $(MINUTES)

bench: image ## What isolation costs, in instructions; PROFILE=1|CASES: where they go
	@python3 $(T)/boot/bench$(if $(PROFILE),_profile).py $(if $(RUNS),--runs $(RUNS)) \
		$(if $(filter-out 1,$(PROFILE)),--cases $(PROFILE))

check: kernel ## Static checks: checkpatch, sparse, other configurations, ...
	@$(B)/check.sh

tcb: ## Lines of trusted code, by folder and by option
	@python3 $(B)/tcb.py $(CURDIR)

setup: ## Packages, QEMU and the kernel source, if missing
	@$(B)/setup.sh

kernel: setup ## Build the kernel for PAGE=
	@$(B)/kernel.sh

image: kernel ## Build kernel and initramfs for PAGE=
	@$(B)/initramfs.sh

shell: setup ## Boot a machine to a prompt; BOOT=NAME that of a boot test, GDB=1 waits
	@$(B)/shell.sh $(if $(BOOT),--boot '$(BOOT)',$(MACHINE)) $(if $(GDB),--gdb) \
		$(if $(SEED),--seed $(SEED))

series: setup ## Export as patches for git am, to out/series
	@flock $(OUT)/lock python3 $(B)/series.py $(CURDIR) $(OUT)

edit: setup ## A git tree of the kernel in out/edit: patches and overlay as commits
	@flock $(OUT)/lock python3 $(B)/edit.py open $(CURDIR) $(OUT)

patches: ## Write patches/ and the overlay from the commits of out/edit
	@flock $(OUT)/lock python3 $(B)/edit.py export $(CURDIR) $(OUT)

clean: ## Remove what was built, keep what was downloaded
	rm -rf $(OUT)/build* $(OUT)/initramfs* $(OUT)/logs $(OUT)/series

distclean: ## Remove everything below out/
	rm -rf $(OUT)
