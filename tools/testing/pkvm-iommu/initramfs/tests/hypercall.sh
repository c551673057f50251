# SPDX-License-Identifier: GPL-2.0-only
# Hypercalls with every argument wrong in turn.

load_module
hypercall
