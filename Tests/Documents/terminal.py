"""Draws what a command shows in a terminal as a picture.

    python3 terminal.py PICTURE.svg [OPTIONS] -- COMMAND…

The command runs in a pseudo-terminal. With --save FILE OLD NEW, OLD is replaced in the file when
the command waits for the next save, and the command is ended after the next time. --from TEXT and
--before TEXT select the lines that the picture shows: from the first one that begins with TEXT,
and until before the first one that contains TEXT. Braille and blocks are drawn as shapes, so that
the picture does not depend on fonts.
"""
import argparse
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from html import escape

COLORS = ["#1b1f24", "#ff7b72", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#76e3ea", "#d0d7de"]
PAPER, INK, FAINT = "#14171a", "#e6e9ed", "#8b949e"
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14


def screen_of(command, columns, save, patience=60):
    """The bytes that the command writes to a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
        os.environ.pop("NO_COLOR", None)
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    output, shown, end = b"", 0, time.monotonic() + patience
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                break
            if not part:
                break
            output += part
        if save and output.count(b"waiting for the next save") > shown:
            shown += 1
            if shown == 2:
                os.kill(child, signal.SIGINT)
                break
            name, old, new = save
            with open(name) as file:
                text = file.read()
            assert old in text, f"{name} does not contain '{old}'"
            with open(name, "w") as file:
                file.write(text.replace(old, new))
    else:
        os.kill(child, signal.SIGKILL)
        sys.exit(f"{command} did not end within {patience} s")
    os.waitpid(child, 0)
    return output.decode()


def color(codes, style):
    """The style (color, bold, dim) after the codes of an SGR sequence."""
    ink, is_bold, is_dim = style
    codes = [int(code or 0) for code in codes.split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            ink, is_bold, is_dim = INK, False, False
        elif code == 1:
            is_bold = True
        elif code == 2:
            is_dim = True
        elif 30 <= code <= 37:
            ink = COLORS[code - 30]
        elif code == 38 and codes.pop(0) == 5:
            ink = cube(codes.pop(0))
    return ink, is_bold, is_dim


def cube(index):
    """The color of an index of 256."""
    if index < 16:
        return COLORS[index % 8]
    if index >= 232:
        return f"#{(8 + 10 * (index - 232)):02x}" + f"{(8 + 10 * (index - 232)):02x}" * 2
    levels = [0, 95, 135, 175, 215, 255]
    index -= 16
    return "#" + "".join(f"{levels[index // size % 6]:02x}" for size in (36, 6, 1))


def lines_of(text):
    """The lines on the screen, each a list of characters with their style."""
    lines, style = [[]], (INK, False, False)
    for part in re.finditer("\x1b\\[([0-9;]*)([A-Za-z])|\r\n|[^\x1b]", text):
        if part[2] == "m":
            style = color(part[1], style)
        elif part[2] == "J":
            lines = [[]]
        elif part[2] == "K" or part[0] == "\r":
            # A line is redrawn from its beginning.
            lines[-1] = []
        elif part[0] in ("\r\n", "\n"):
            lines.append([])
        elif not part[2]:
            lines[-1].append((part[0], style))
    return lines


def tenths(number):
    return f"{number:.1f}".removesuffix(".0")


def shape(character, x, y):
    """The path of a braille character or a block; None for other characters."""
    code = ord(character)
    if 0x2800 <= code <= 0x28FF:
        bits = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
        return "".join(
            f"M{tenths(x + WIDTH * (0.25 + column / 2) - 1)} "
            f"{tenths(y + HEIGHT * (0.125 + row / 4) - 1)}h2v2h-2z"
            for bit, (column, row) in enumerate(bits) if code - 0x2800 >> bit & 1)
    if 0x2581 <= code <= 0x2588:
        high = HEIGHT * (code - 0x2580) / 8
        return f"M{tenths(x)} {tenths(y + HEIGHT - high)}h{WIDTH}v{tenths(high)}h-{WIDTH}z"
    return None


def picture(lines, columns):
    width = columns * WIDTH + 2 * MARGIN
    height = len(lines) * HEIGHT + 2 * MARGIN
    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{tenths(width)}" '
        f'height="{tenths(height)}" viewBox="0 0 {tenths(width)} {tenths(height)}" role="img" '
        f'font-family="ui-monospace,\'DejaVu Sans Mono\',Menlo,Consolas,monospace" font-size="14">',
        f'<rect width="{tenths(width)}" height="{tenths(height)}" rx="8" fill="{PAPER}"/>']
    for row, line in enumerate(lines):
        y = MARGIN + row * HEIGHT
        column = 0
        while column < len(line):
            style = line[column][1]
            end = column
            is_shape = shape(line[column][0], 0, 0) is not None
            while (end < len(line) and line[end][1] == style
                   and (shape(line[end][0], 0, 0) is not None) == is_shape):
                end += 1
            text = "".join(character for character, _ in line[column:end])
            ink, is_bold, is_dim = style
            ink = FAINT if is_dim else ink
            x = MARGIN + column * WIDTH
            if is_shape:
                paths = [shape(c, x + i * WIDTH, y) for i, c in enumerate(text)]
                svg.append(f'<path fill="{ink}" d="{"".join(paths)}"/>')
            elif text.strip():
                bold = ' font-weight="600"' if is_bold else ""
                start = len(text) - len(text.lstrip())
                text = text.strip()
                svg.append(
                    f'<text x="{tenths(x + start * WIDTH)}" y="{tenths(y + 13.5)}" '
                    f'textLength="{tenths(len(text) * WIDTH)}" xml:space="preserve" '
                    f'fill="{ink}"{bold}>{escape(text)}</text>')
            column = end
    return "\n".join(svg + ["</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("--columns", type=int, default=88)
    parser.add_argument("--save", nargs=3)
    parser.add_argument("--from", dest="first", default="")
    parser.add_argument("--before", default=None)
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    lines = lines_of(screen_of(options.command, options.columns, options.save))
    texts = ["".join(character for character, _ in line) for line in lines]
    start = next(i for i, text in enumerate(texts) if text.startswith(options.first))
    end = next(
        (i for i, text in enumerate(texts) if i > start and options.before and options.before in text),
        len(texts))
    while end > start + 1 and not texts[end - 1].strip():
        end -= 1
    with open(options.output, "w") as file:
        file.write(picture(lines[start:end], options.columns))


main()
