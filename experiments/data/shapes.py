"""Makes shapes.npz: noisy images of a disc, a rectangle or a cross, and masks of their pixels; needs
numpy.
"""

import os

import numpy

here = os.path.dirname(os.path.abspath(__file__))
random = numpy.random.RandomState(20261129)
SIZE, COUNT = 24, 450
rows, columns = numpy.mgrid[0:SIZE, 0:SIZE]
images, masks = [], []
for k in range(COUNT):
    r, c = random.uniform(7, SIZE - 7, 2)
    a, b = random.uniform(3, 6, 2)
    down, across = abs(rows - r), abs(columns - c)
    mask = [
        (rows - r) ** 2 + (columns - c) ** 2 <= a**2,
        (down <= a) & (across <= b),
        ((down <= a) & (across <= 1.5)) | ((down <= 1.5) & (across <= b)),
    ][k % 3]
    # The shape is brighter or darker than the ground; a gradient of light lies over both.
    ground, shape = random.permutation([random.uniform(60, 110), random.uniform(140, 190)])
    light = random.uniform(-1, 1) * (rows - SIZE / 2) + random.uniform(-1, 1) * (columns - SIZE / 2)
    image = numpy.where(mask, shape, ground) + light + random.normal(0, 20, (SIZE, SIZE))
    images.append(numpy.clip(image, 0, 255) // 8 * 8)
    masks.append(mask)
numpy.savez_compressed(
    os.path.join(here, "shapes.npz"), images=numpy.array(images).astype(numpy.uint8)[:, None],
    masks=numpy.array(masks).astype(numpy.uint8)[:, None])
