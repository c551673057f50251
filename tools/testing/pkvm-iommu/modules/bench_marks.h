/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks that the machine passes and the plugin of QEMU in ../qemu sees: "hint #NUMBER"
 * with numbers that no architecture has given a meaning, so that it is a nop: for
 * kernel and program, host and protected VM.
 *
 * From MARK_BEGIN to MARK_END something is measured. Each map in there is between
 * MARK_MAP and MARK_UNMAP, each unmap between that and MARK_DONE. A MARK_MAP by itself
 * says that a disk will be read, some times.
 */
#ifndef PKVM_DMA_BENCH_MARKS_H
#define PKVM_DMA_BENCH_MARKS_H

#define MARK_BEGIN	112
#define MARK_MAP	113
#define MARK_UNMAP	114
#define MARK_DONE	115
#define MARK_END	116

#define bench_mark(number)	({ asm volatile("hint %0" : : "i" (number) : "memory"); })

#endif
