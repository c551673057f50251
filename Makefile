# SPDX-License-Identifier: GPL-2.0-only
#
# Builds and tests the pKVM IOMMU on an emulated machine. Everything that is
# made goes below out/; the work is done by the scripts in $(B).
#
#   PAGE=4k|16k|64k  CPU=neoverse-v1|cortex-a72|max  SMMU=nested|1|2
#   MODE=protected|nvhe  TESTS=PATTERN  DEBUG=1
#   KERNEL_SRC=DIR|TARBALL  CROSS_COMPILE=PREFIX-  QEMU=PATH

T := tools/testing/pkvm-iommu
B := $(T)/build

PAGE ?= 4k
CPU ?= neoverse-v1
SMMU ?= nested
MODE ?= protected
OUT ?= $(CURDIR)/out
export PAGE DEBUG KERNEL_SRC CROSS_COMPILE QEMU OUT

MACHINE = python3 $(T)/boot/machine.py --cpu $(CPU) --smmu $(SMMU) \
	  --mode $(MODE) --page $(PAGE) $(if $(DEBUG),--debug)

.DEFAULT_GOAL := help
.PHONY: help run test test-matrix bench check setup kernel image shell series \
	clean distclean

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' $(MAKEFILE_LIST) | \
	while read -r target text; do printf '  make %-12s %s\n' "$$target" "$$text"; done
	@sed -n '/^#   [A-Z]/s/^#/ /p' $(MAKEFILE_LIST)

run: image ## Boot the demonstration: protected DMA, then an attack
	@$(MACHINE) --demo

test: setup ## Boot tests, for all page sizes; TESTS=PATTERN runs some
	@$(B)/test.sh --tests '$(TESTS)'

test-matrix: setup ## All CPUs x SMMU stages x page sizes x memory sizes
	@$(B)/test.sh --tests '$(TESTS)' --matrix

bench: image ## DMA map/unmap cost in instructions
	@python3 $(T)/boot/bench.py

check: kernel ## Static checks: checkpatch, sparse, kernel-doc, SPDX, ...
	@$(B)/check.sh

setup: ## Packages, QEMU and the kernel source, if missing
	@$(B)/setup.sh

kernel: setup ## Build the kernel for PAGE=
	@$(B)/kernel.sh

image: kernel ## Build kernel and initramfs for PAGE=
	@$(B)/initramfs.sh

shell: image ## Boot the test machine to a prompt (CPU= SMMU= MODE= PAGE=)
	@$(MACHINE)

series: setup ## Export as patches for git am, to out/series
	@flock $(OUT)/lock python3 $(B)/series.py $(CURDIR) $(OUT)

clean: ## Remove what was built, keep what was downloaded
	rm -rf $(OUT)/build* $(OUT)/initramfs* $(OUT)/logs $(OUT)/series

distclean: ## Remove everything below out/
	rm -rf $(OUT)
