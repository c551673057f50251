# SPDX-License-Identifier: GPL-2.0-only
"""The figures of bench.py as a picture: what each costs of the stock driver's."""

from html import escape

WIDTH, LEFT, RIGHT, BAR, GAP = 960, 330, 90, 14, 6
MOST = 3.0          # what is more than this ends here, with its number beside
COLOURS = {True: "#2e7d32", False: "#c62828", None: "#607d8b"}


def x_of(ratio):
    return LEFT + min(ratio, MOST) / MOST * (WIDTH - LEFT - RIGHT)


def bar(row, y):
    """One row: name, bar, number, and the target as a mark."""
    middle = y + BAR - 3
    parts = [f'<text x="{LEFT - 8}" y="{middle}" text-anchor="end">'
             f'{escape(row.name)}</text>',
             f'<rect x="{LEFT}" y="{y}" height="{BAR}" '
             f'width="{x_of(row.ratio) - LEFT:.1f}" '
             f'fill="{COLOURS[row.met]}"/>',
             f'<text x="{x_of(row.ratio) + 5:.1f}" y="{middle}">'
             f'{row.ratio:.2f}</text>']
    if row.target is not None and row.target <= MOST:
        x = x_of(row.target)
        parts.append(f'<path d="M{x:.1f} {y - 2}v{BAR + 4}" stroke="black" '
                     'stroke-width="2"/>')
    return parts


def ratios(rows):
    """An SVG of the rows that have a ratio to the stock driver."""
    rows = [row for row in rows if row.ratio is not None and row.stock
            and "instructions" in row.unit]
    height = 60 + len(rows) * (BAR + GAP)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
             f'height="{height}" font-family="sans-serif" font-size="11">',
             f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
             '<text x="10" y="18" font-size="14">Cost in instructions, the '
             'stock driver\'s is 1 (mark: target)</text>',
             f'<path d="M{x_of(1):.1f} 28V{height - 8}" stroke="#999" '
             'stroke-dasharray="4 3"/>']
    for n, row in enumerate(rows):
        parts += bar(row, 34 + n * (BAR + GAP))
    return "\n".join(parts + ["</svg>", ""])
