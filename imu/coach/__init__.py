"""What a person is told by ear while training: pure, events and a clock in, cues out."""

from imu.coach.coach import Coach
from imu.coach.cues import Beat, Cue, Hush, Pace, Say, Tone, Verbosity, Why, heard, hz_of_pitch

__all__ = ["Beat", "Coach", "Cue", "Hush", "Pace", "Say", "Tone", "Verbosity", "Why", "heard", "hz_of_pitch"]
