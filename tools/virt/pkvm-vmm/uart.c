// SPDX-License-Identifier: GPL-2.0-only
/*
 * The console: a 16550A whose output is ours. It sends without any delay, so
 * its transmitter is always empty.
 *
 * A reader of our output who is slow stops the guest, but never the main loop:
 * the lock is not held while a byte goes out.
 */
#include <stdlib.h>
#include <unistd.h>

#include <libfdt.h>

#include "vmm.h"

enum { REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR };

#define IER_RX		0x01
#define IER_TX		0x02
#define IIR_NONE	0x01
#define IIR_TX		0x02
#define IIR_RX		0x04
#define IIR_FIFO	0xc0
#define FCR_ENABLE	0x01
#define FCR_CLEAR_RX	0x02
#define LCR_DLAB	0x80
#define MCR_LOOP	0x10
#define LSR_DATA	0x01
#define LSR_TX_EMPTY	0x60
#define MSR_READY	0xb0	/* carrier, data set ready, clear to send */

#define RX_SIZE		64

struct uart {
	struct device dev;
	struct mmio mmio;
	struct vm *vm;
	pthread_mutex_t lock;	/* the rest; taken after the bus lock */
	uint8_t ier, fcr, lcr, mcr, scr, dll, dlm;
	bool tx_pending;	/* the guest has not seen "empty" yet */
	bool level;		/* of the interrupt */
	uint8_t rx[RX_SIZE];
	size_t rx_first, rx_count;
};

static uint8_t pending(struct uart *uart)
{
	if ((uart->ier & IER_RX) && uart->rx_count)
		return IIR_RX;
	if ((uart->ier & IER_TX) && uart->tx_pending)
		return IIR_TX;
	return IIR_NONE;
}

static void update_irq(struct uart *uart)
{
	bool level = pending(uart) != IIR_NONE;

	if (level == uart->level)
		return;
	uart->level = level;
	vm_set_irq(uart->vm, SPI_UART, level);
}

static uint8_t take_rx(struct uart *uart)
{
	uint8_t byte;

	if (!uart->rx_count)
		return 0;
	byte = uart->rx[uart->rx_first];
	uart->rx_first = (uart->rx_first + 1) % RX_SIZE;
	uart->rx_count--;
	return byte;
}

/* In loop mode the outputs are the inputs, which is how drivers find a UART */
static uint8_t modem_status(struct uart *uart)
{
	uint8_t mcr = uart->mcr;

	if (!(mcr & MCR_LOOP))
		return MSR_READY;
	return (mcr & 1) << 5 | (mcr & 2) << 3 | (mcr & 4) << 4 | (mcr & 8) << 4;
}

static uint8_t read_iir(struct uart *uart)
{
	uint8_t iir = pending(uart);

	if (iir == IIR_TX)
		uart->tx_pending = false;
	return iir | (uart->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

/* The first two registers hold the divisor of the clock then */
static bool is_dlab(struct uart *uart)
{
	return uart->lcr & LCR_DLAB;
}

static uint64_t uart_read(struct mmio *mmio, uint64_t offset, unsigned int len)
{
	struct uart *uart = container_of(mmio, struct uart, mmio);
	bool dlab = is_dlab(uart);
	uint64_t value = 0;

	(void)len;
	pthread_mutex_lock(&uart->lock);
	switch (offset) {
	case REG_DATA:
		value = dlab ? uart->dll : take_rx(uart);
		break;
	case REG_IER:
		value = dlab ? uart->dlm : uart->ier;
		break;
	case REG_IIR:
		value = read_iir(uart);
		break;
	case REG_LCR:
		value = uart->lcr;
		break;
	case REG_MCR:
		value = uart->mcr;
		break;
	case REG_LSR:
		value = LSR_TX_EMPTY | (uart->rx_count ? LSR_DATA : 0);
		break;
	case REG_MSR:
		value = modem_status(uart);
		break;
	case REG_SCR:
		value = uart->scr;
		break;
	}
	update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
	return value;
}

/* Only vCPUs change these registers, and the bus lock keeps them apart */
static void send(struct uart *uart, uint8_t byte)
{
	if (uart->mcr & MCR_LOOP)
		return;
	if (write(STDOUT_FILENO, &byte, 1) != 1)
		return;		/* nobody listens; a UART does not care */
}

static void write_ier(struct uart *uart, uint8_t value)
{
	if (!(uart->ier & IER_TX) && (value & IER_TX))
		uart->tx_pending = true;
	uart->ier = value & 0x0f;
}

static void uart_write(struct mmio *mmio, uint64_t offset, uint64_t value,
		       unsigned int len)
{
	struct uart *uart = container_of(mmio, struct uart, mmio);
	bool dlab = is_dlab(uart);

	(void)len;
	if (offset == REG_DATA && !dlab)
		send(uart, value);
	pthread_mutex_lock(&uart->lock);
	switch (offset) {
	case REG_DATA:
		if (dlab)
			uart->dll = value;
		else
			uart->tx_pending = true;
		break;
	case REG_IER:
		if (dlab)
			uart->dlm = value;
		else
			write_ier(uart, value);
		break;
	case REG_IIR:
		uart->fcr = value;
		if (value & FCR_CLEAR_RX)
			uart->rx_count = 0;
		break;
	case REG_LCR:
		uart->lcr = value;
		break;
	case REG_MCR:
		uart->mcr = value & 0x1f;
		break;
	case REG_SCR:
		uart->scr = value;
		break;
	}
	update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
}

/* For the main loop, which reads standard input only when there is room */
size_t uart_room(struct uart *uart)
{
	size_t room;

	pthread_mutex_lock(&uart->lock);
	room = RX_SIZE - uart->rx_count;
	pthread_mutex_unlock(&uart->lock);
	return room;
}

void uart_input(struct uart *uart, const uint8_t *data, size_t len)
{
	pthread_mutex_lock(&uart->lock);
	while (len-- && uart->rx_count < RX_SIZE)
		uart->rx[(uart->rx_first + uart->rx_count++) % RX_SIZE] = *data++;
	update_irq(uart);
	pthread_mutex_unlock(&uart->lock);
}

static void uart_fdt(struct device *dev, void *fdt)
{
	(void)dev;
	fdt_node(fdt, "serial", UART_BASE);
	fdt_check(fdt_property_string(fdt, "compatible", "ns16550a"));
	fdt_reg(fdt, (uint64_t[]){ UART_BASE, SZ_64K }, 2);
	fdt_check(fdt_property_u32(fdt, "clock-frequency", 1843200));
	fdt_spi(fdt, (uint32_t[]){ SPI_UART }, (bool[]){ true }, 1);
	fdt_check(fdt_end_node(fdt));
}

static void uart_destroy(struct device *dev)
{
	free(container_of(dev, struct uart, dev));
}

struct uart *uart_create(struct vm *vm)
{
	struct uart *uart = must_alloc(sizeof(*uart));

	uart->vm = vm;
	pthread_mutex_init(&uart->lock, NULL);
	uart->mmio.base = UART_BASE;
	uart->mmio.size = SZ_64K;
	uart->mmio.read = uart_read;
	uart->mmio.write = uart_write;
	uart->dev.fdt = uart_fdt;
	uart->dev.destroy = uart_destroy;
	vm_add_mmio(vm, &uart->mmio);
	vm_add_device(vm, &uart->dev);
	return uart;
}
