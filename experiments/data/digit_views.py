"""Makes digit_pairs.npz and digit_views.npz from digits.csv; needs numpy.

digit_pairs.npz: 2,000 pairs of images, and whether both show the same digit (half of them do).
digit_views.npz: each image beside a table of its row and column sums, and its digit.
"""

import os

import numpy

here = os.path.dirname(os.path.abspath(__file__))
table = numpy.loadtxt(os.path.join(here, "digits.csv"), delimiter=",", skiprows=1, dtype=numpy.uint8)
images, digits = table[:, :64].reshape(-1, 1, 8, 8), table[:, 64]

random = numpy.random.RandomState(20261128)
first = random.randint(0, len(images), 2000)
same = numpy.arange(2000) % 2
second = numpy.array(
    [random.choice(numpy.flatnonzero((digits == digits[i]) == bool(s))) for i, s in zip(first, same)])
numpy.savez_compressed(
    os.path.join(here, "digit_pairs.npz"), first=images[first], second=images[second],
    same=same.astype(numpy.uint8))

sums = numpy.concatenate([images.sum(axis=3)[:, 0], images.sum(axis=2)[:, 0]], axis=1)
numpy.savez_compressed(
    os.path.join(here, "digit_views.npz"), images=images, sums=sums.astype(numpy.uint8),
    digits=digits)
