"""What the plane lane promises, and whether it has kept it: the bounds, and the
words for what was measured."""

# Of a photo's processor time.
FLOOR_MOST = 1.25    # to the floor's: peers/floor.c
SHARP_MOST = 0.67    # to sharp's, chained by hand, on more than half of them
SHARP_BELOW = 1      # and on all
# Of a thumbnail's PSNR less that of libvips' own.
DECIBELS_LEAST = -0.1
# PSNR between both engines' files, as tests/check_engines.c has it: two times
# what an encoder loses is in it.
ALIKE_LEAST = 35
# Of uploads a second to the Node server's.
UPLOADS_LEAST = 1.6
UPLOAD_CLIENTS = (2, 8)


def verdict(kept):
    """kept is None where it was not measured."""
    return {True: "kept", False: "not kept", None: "not measured"}[kept]
