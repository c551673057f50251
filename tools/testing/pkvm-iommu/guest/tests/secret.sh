# SPDX-License-Identifier: GPL-2.0-only
# In a VM: a page that nobody else may read or change, until the host says so.

secret
