# SPDX-License-Identifier: GPL-2.0-only
# What the tests with hostile hosts would see if the device reached the VM.

load_module
hostile control_hostile_device
