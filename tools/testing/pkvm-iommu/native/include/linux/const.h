/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NATIVE_LINUX_CONST_H
#define NATIVE_LINUX_CONST_H

#define __AC(x, y)	(x##y)
#define _AC(x, y)	__AC(x, y)

#endif /* NATIVE_LINUX_CONST_H */
