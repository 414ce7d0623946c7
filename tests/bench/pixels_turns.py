"""The ways of pixels_peers.py measured by turns, each on the same photos, and
what was found of each."""

import concurrent.futures
import shutil

import pixels_peers as peers
import pixels_photos as work
import pixels_quality as quality
import report


# ---- in a process of its own: see pixels_peers.py ----

def the_judge(scratch):
    if Judging.judge is None:
        Judging.judge = quality.Judge(scratch)
    return Judging.judge


def judge(scratch, photo, form, directory, key=None):
    return the_judge(scratch).judge(photo, form, directory, key)


def alike(scratch, photo, form, one, other):
    return the_judge(scratch).alike(photo, form, one, other)


def judge_reference(scratch, photo, form, directory):
    the_judge(scratch).encode(photo, form, directory)
    return judge(scratch, photo, form, directory)


class Judging:
    """Who has pixels in memory; here only what comes of them."""

    judge = None  # there

    def __init__(self):
        self.pool = concurrent.futures.ProcessPoolExecutor(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.shutdown()

    def call(self, function, *arguments):
        return self.pool.submit(function, *arguments).result()


# ---- what was found ----

class Row:
    """What one way costs, and what its thumbnails are worth."""

    def __init__(self, peer):
        self.peer = peer
        self.samples = {}  # by turn, then by photo
        self.found = {}    # by photo
        self.alike = {}    # by photo: {side: dB} to those of peer.like

    def take(self, turn, photo, samples, found):
        self.samples.setdefault(turn, {})[photo.name] = samples
        self.found[photo.name] = found

    def of_turn(self, turn, what):
        """The mean over all photos of each one's median."""
        photos = self.samples[turn].values()
        return sum(report.median([getattr(sample, what) for sample in samples])
                   for samples in photos) / len(photos)

    def of_turns(self, what):
        return [self.of_turn(turn, what) for turn in self.samples]

    def of_photo(self, name, what):
        return report.median([
            getattr(sample, what) for photos in self.samples.values()
            for sample in photos[name]])

    def engines(self):
        """{photo: who made it}, of ours."""
        return {name: samples[-1].engine for photos in self.samples.values()
                for name, samples in photos.items()}

    def peak(self):
        return max(sample.rss for photos in self.samples.values()
                   for samples in photos.values() for sample in samples)

    def ratios(self, other):
        """Of its processor time to another row's in the same turns."""
        return [self.of_turn(turn, "cpu") / other.of_turn(turn, "cpu")
                for turn in self.samples if turn in other.samples]

    def ratio_of_photo(self, other, name):
        """The same of one photo, the median of the turns."""
        def cpu(row, turn):
            return report.median([sample.cpu
                                  for sample in row.samples[turn][name]])
        return report.median([cpu(self, turn) / cpu(other, turn)
                              for turn in self.samples
                              if turn in other.samples])


class Mode:
    """What one table shows: a format, and colours converted by all or none."""

    def __init__(self, form, colours, photos):
        self.form = form
        self.colours = colours
        self.photos = photos
        self.rows = {}
        self.left_out = {}  # by reason: names of ways
        self.ideal = {}     # by photo: the reference, encoded

    def name(self):
        return self.form + ("-srgb" if self.colours == work.ALL else "")

    def leave_out(self, peer, reason):
        self.rows.pop(peer.key, None)
        self.left_out.setdefault(reason, []).append(peer.name)

    def begin(self, all_peers):
        for peer in all_peers:
            reason = peer.why_not(self.form, self.colours)
            if reason is None:
                self.rows[peer.key] = Row(peer)
            elif peer.ours:
                raise peers.CannotRun(f"{peer.name}: {reason}")
            else:
                self.leave_out(peer, reason)


class Contest:
    """say(words) is told how far it is."""

    def __init__(self, all_peers, judging, scratch, say):
        self.peers = all_peers
        self.judging = judging
        self.scratch = scratch
        self.say = say
        # What a child has of us: less than any way must have of its own.
        self.least_rss = peers.execute(["true"])[1].rss

    def empty(self):
        directory = self.scratch / "made"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        return directory

    def measure(self, mode, row, photo, turn):
        """One way with one photo. Raises quality.Wrong for one that makes
        something else; one that cannot is left out."""
        directory = self.empty()
        peer = row.peer
        try:
            samples = peer.run(mode.form, photo, directory)
        except peers.CannotRun as error:
            if peer.ours:
                raise
            mode.leave_out(peer, str(error))
            return
        try:
            found = self.judging.call(judge, self.scratch, photo, mode.form,
                                      directory,
                                      peer.key if peer.ours else None)
            if min(sample.rss for sample in samples) <= self.least_rss:
                raise quality.Wrong("its memory was not measured")
        except quality.Wrong as error:
            raise quality.Wrong(f"{peer.name}: {error}") from None
        row.take(turn, photo, samples, found)

    def run(self, mode, turns):
        """So many turns, one less for those that are slow: another one of
        these would say less than it costs."""
        mode.begin(self.peers)
        for photo in mode.photos:
            mode.ideal[photo.name] = self.judging.call(
                judge_reference, self.scratch, photo, mode.form, self.empty())
        for turn in range(turns):
            self.say(f"{mode.name()}: turn {turn + 1} of {turns}")
            for photo in mode.photos:
                for row in list(mode.rows.values()):
                    if turn < max(turns - 1, 1) or not row.peer.slow:
                        self.measure(mode, row, photo, turn)
        self.compare(mode)

    def compare(self, mode):
        for row in mode.rows.values():
            if row.peer.like is not None:
                row.alike = {photo.name: self.judging.call(
                    alike, self.scratch, photo, mode.form, row.peer.key,
                    row.peer.like) for photo in mode.photos}
