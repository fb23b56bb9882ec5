"""The constants by which movements are judged, with unit and reason; how a mount is learned stands in `mounting`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class MotionParams:
    """One parameter set for all recordings; what differs between exercises stands in `imu.exercises`.

    Timeline:
        slowest_grid_hz: Slower sensors are interpolated to this rate.
        gap_intervals: A distance between samples longer than this many nominal intervals is a hole.
        harmless_gap_s: Shorter ones are bridged without harm: a trunk moves below 2 Hz.
        longest_bridge_s: Longer holes are not filled; the timeline starts anew after them.
        restart_share: The stages after it, to which every step is one interval but for those, know them by a step of
            more than this share of it: anything well between the two would do.

    Orientation (VQF, Laidig & Seel 2023; defaults of its authors but for cheap gyroscopes' larger offsets):
        vqf_bias_clip_dps: Largest gyroscope offset that is believed (datasheets of cheap parts allow up to 10 deg/s).
        vqf_bias_sigma_init_dps: Uncertainty of the offset at the start.
        vqf_tau_acc_s: Time constant of the accelerometer's correction; a tenth longer than its authors' reads public
            recordings with optical truth a little better, much longer reads simulated trunks worse.
        start_s: So much of the start gives the gyroscope's first offset,
        start_moves_dps, start_shakes_mps2: where the rate and the specific force scatter by less than this in it,
        start_offset_sigma_dps: and breathing may have added this.
        long_hole_s: What was missing for longer cannot be interpolated; the filter begins anew after it.
        acc_sigma_s: Gaussian smoothing of the accelerometer where it is the only source of the angle.

    Trunk:
        rate_sigma_s: Gaussian smoothing of the rate; 0.03-0.04 s times best, 0.12 s triples the error.

    Strokes:
        edge_fraction: Definition `edge10`: a stroke begins and ends at this share of its own peak rate.
        moving_dps, moving_acc_only_dps: Slower than this is standing still.
        turn_deg: The pitch must reverse by this much to end a stroke.
        stall_s, stall_margin: A stop shorter than this, this share of the range away from both ends, is a stall.
        progress: A twitch of less than this share of the range does not end a stop.
        creep_deg: Who moves this far within `stall_s` creeps and does not stand.

    Shapes of strokes (`profile.py`):
        breath_dps: Standard deviation of the rate that breathing and sway add (1 degree at 0.28 Hz is 1.2 deg/s).
        jitter_dps, jitter_acc_only_dps: That of strap and muscle, over a tenth of a second.
        shape_share: A stroke strays from a smooth shape by this share of its peak rate.
        shape_spread: Its exponents stray from minimum jerk's by this.
        beside_share, beside_s: So much beside a stroke is fitted with it: of its duration, or seconds, what is more.
        misfit: A shape that fits worse (mean square of the whitened residual) is none.
        edge_doubt: Nor is one whose edges lie further than this share of the duration from the crossings first found.
        acc_only_doubt: Without a gyroscope the model is this much less sure than it says (simulated people).
        start_doubt: Nor is a start as sure as the model says: the strap gives way before the chest turns.
        strap_s: The strap's and soft tissue's play moves an edge by this.

    Repetitions and sets:
        acc_only_haste: Without a gyroscope a quick stroke seems as much quicker,
        acc_only_beyond_deg: and to end this much further (and further still where the stated uncertainty of a top, by
            `top_pm_acc_only_s2`, allows for it: the top of a swing may seem 65 degrees too high).
        complete: A stroke shorter than this share of the reference range is not a repetition.
        one_way: A way back shorter than this share of the way there leaves the cycle unfinished (the first
            repetitions start slouched and the last ones end extended, so this is loose).
        least_of_nominal: Three alike cycles of at least this share of the exercise's nominal range can be a set.
        alone: Where one movement is enough, one stroke of this share of the least range is.
        lopsided: Where a repetition may start at either end, a first stroke this many times smaller than the second
            was none.
        either_hold_s: Nor was one that ended longer ago than this.
        drift_share: The way back starts where the way there ended, within this share of the range.
        fallback: What goes on after a stall has not come back by more than this share of the range in between,
        nearly: or by more than `one_way` where this share of the range was done already (a hump at the end).
        wiggle: A reversal smaller than this share of the reference range belongs to the hold or stroke it interrupts.
        oversize: A stroke longer than this share of the set's median is a change of posture.
        off_plane_deg: A movement that leans further than this out of the hinge plane is no hinge.
        off_plane_share: Nor is one that leans out of the plane by more than this share of its range.
        posture_deg, posture_share: The ends of a repetition lie this near to those of its set, in degrees or as a share
            of the range, whichever is more.
        lean_deg, lean_share: A repetition leans no further out of the hinge plane than its set does, by more than this.
        tempo_ratio: Nor is a stroke this many times quicker or slower than the set's, stalls left out.
        inner_hold_s, inner_hold_ratio: Nor a hold inside it longer than this, and this many times the set's own.
        strange: How far it is off in range and in posture, each as a share of its limit, adds up to no more than this;
        alike: with no more than this it may lean: the strap may be turning;
        strange_late: than this where only failed attempts have kept the set alive;
        held_longer_s: a hold inside it longer than this (and `inner_hold_ratio` times the usual) adds half a limit.
        rhythm: A set begins where its first periods differ by no more than this factor.
        above_top: A lift that ends above the set's top, or begins away from its bottom, by more than this share of its
            range (or by `posture_deg`) is not announced.
        arrived: Once there are enough repetitions for a set, nor is a lift of less than this share of their range: it
            has only stalled.
        first_start: Before anything of a set is known, a lift is announced where it begins within this share of the
            posture's tolerance of the exercise's bottom: one that picks something up begins higher.
        verdict_wait_s: A cycle is judged at most this long after its last stroke ended.
        set_gap_s: A set ends after this long without movement.
        attempts_gap_s: Failed attempts keep a set alive no longer than this after its last repetition.
        attempt: A movement of less than this share of the set's range is no attempt.
        hold_gap_s: A cycle is given up when its second stroke does not follow the first within this.
        static_hold_s: The same for a static hold.
        posed: From this certainty of the mount on, posture is asked of a static hold.
        min_set_reps: Fewer repetitions are shown as isolated and not counted.
        longest_hole_s: A stroke with a longer hole in it stays unjudged, too: a whole stroke may be hidden there.
        lost_share: A cycle of which more than this share was bridged over lost samples stays unjudged.

    Straight-line calibration:
        line_hold_s: The body is held still for as long as this.
        still_deg: Still is: no two quarter seconds of it further apart than this, in any direction. Breathing moves a
            chest by up to 4 degrees and sway adds one; a slow lowering passes more in 3 s.
        still_dps: And no two neighbouring ones further than this rate would take them: breathing reaches 5 deg/s.
        line_attempt_s: An attempt that was shorter when it broke is not worth a word.
        line_reminder_s: A person in another posture is not told so again within this.
        line_posture_deg: A hold further than this from the exercise's nominal top is another posture: standing beside
            a 45-degree bench is 45 away, a strap on a sloping breastbone up to 20.
        line_limit_s: After this the session goes on without: time to get onto a bench, and to try a few times.
        inclination_pm_deg: 90 % of straight lines are measured this near to the tops they are to be compared with (on
            simulated people with the sensors' offsets, scales and filter as they vary).

    Strap slip:
        slip_postures: So many tops (bottoms) before and after an instant are compared.
        slip_least_postures: With fewer on either side a step is not lasting.
        slip_quiet_mps2: Without a gyroscope: nothing is at rest where the specific force is further from gravity.
        slip_settles_s: At the start of a recording the filter still learns the gyroscope's offset.
        slip_out_deg: A lasting step of tops or bottoms out of the hinge plane by this is a slip.
        slip_in_deg: In the hinge plane people vary more, and tops and bottoms must step together by this.
        slip_few: With no more than the least number of postures on a side it must be so many times as large.
        slip_most_deg: No strap turns further and still holds: that is another posture.
        slip_alike: They step together where they differ by no more than this share.
        slip_sigmas: And the step must be so many times its own standard error.
        slip_pm_deg: 90 % of angles keep this error where the step in the hinge plane is taken off (simulated people).

    Static holds (definitions of the project):
        hold_band_deg: The hold lasts as long as the trunk stays this near to the straight line.
        hold_moment_s: A stay outside that is no longer than this ends no hold: a cough, a look aside.
        hold_line_s: Without a calibration the median of so many first seconds of a hold is its straight line.
        hold_settles_s: The angle may still be settling after the lift (the filter takes the accelerometer's word with a
            time constant of some seconds): the sag is measured after this.

    Form (definitions of the project):
        short_top_deg, overextended_deg: Limits of the deviation from the straight line.
        swung_ratio: Peak over mean rate of the lift above which it was swung (1.875 for minimum jerk,
            Flash & Hogan 1985).
        range_pm_deg, range_pm_share: Half-width of the 90 % interval of the range, as degrees and as a share of it.
        top_pm_deg: That of a top against the set's others.
        range_pm_acc_only_s2, top_pm_acc_only_s2: What both gain without a gyroscope, for each deg/s^2 of range over the
            quicker stroke's duration squared. All four fit simulated people.
        brief_s: No stroke is reckoned shorter.
    """

    slowest_grid_hz: float = 25.0
    gap_intervals: float = 2.5
    harmless_gap_s: float = 0.3
    longest_bridge_s: float = 60.0
    restart_share: float = 0.5

    vqf_bias_clip_dps: float = 10.0
    vqf_bias_sigma_init_dps: float = 5.0
    vqf_tau_acc_s: float = 3.3
    start_s: float = 1.0
    start_moves_dps: float = 3.0
    start_shakes_mps2: float = 0.3
    start_offset_sigma_dps: float = 1.5
    long_hole_s: float = 0.6
    acc_sigma_s: float = 0.10

    rate_sigma_s: float = 0.035

    edge_fraction: float = 0.10
    moving_dps: float = 3.0
    moving_acc_only_dps: float = 6.0
    turn_deg: float = 8.0
    stall_s: float = 2.5
    stall_margin: float = 0.15
    progress: float = 0.05
    creep_deg: float = 3.0

    breath_dps: float = 1.3
    jitter_dps: float = 1.2
    jitter_acc_only_dps: float = 3.0
    shape_share: float = 0.03
    shape_spread: float = 0.5
    beside_share: float = 0.5
    beside_s: float = 1.0
    misfit: float = 4.0
    edge_doubt: float = 0.25
    acc_only_doubt: float = 1.4
    start_doubt: float = 1.2
    strap_s: float = 0.010

    acc_only_haste: float = 0.5
    acc_only_beyond_deg: float = 15.0
    complete: float = 0.55
    one_way: float = 0.45
    least_of_nominal: float = 0.40
    alone: float = 0.9
    lopsided: float = 2.4
    either_hold_s: float = 6.0
    drift_share: float = 0.45
    fallback: float = 0.2
    nearly: float = 0.75
    wiggle: float = 0.33
    oversize: float = 1.6
    off_plane_deg: float = 45.0
    off_plane_share: float = 1.2
    posture_deg: float = 20.0
    posture_share: float = 0.6
    lean_deg: float = 12.0
    lean_share: float = 0.3
    tempo_ratio: float = 4.0
    strange: float = 2.0
    alike: float = 0.75
    strange_late: float = 0.9
    held_longer_s: float = 1.0
    inner_hold_s: float = 6.0
    inner_hold_ratio: float = 3.0
    rhythm: float = 4.0
    above_top: float = 0.3
    arrived: float = 0.75
    first_start: float = 0.5
    verdict_wait_s: float = 2.5
    set_gap_s: float = 10.0
    attempts_gap_s: float = 20.0
    attempt: float = 0.15
    hold_gap_s: float = 20.0
    static_hold_s: float = 900.0
    posed: float = 0.65
    min_set_reps: int = 3
    lost_share: float = 0.85
    longest_hole_s: float = 2.5

    line_hold_s: float = 3.0
    still_deg: float = 6.0
    still_dps: float = 8.0
    line_attempt_s: float = 1.0
    line_reminder_s: float = 15.0
    line_posture_deg: float = 25.0
    line_limit_s: float = 120.0
    inclination_pm_deg: float = 2.5

    slip_postures: int = 5
    slip_least_postures: int = 2
    slip_quiet_mps2: float = 2.0
    slip_settles_s: float = 12.0
    slip_out_deg: float = 4.0
    slip_few: float = 1.4
    slip_most_deg: float = 45.0
    slip_pm_deg: float = 1.7
    slip_in_deg: float = 5.5
    slip_alike: float = 0.5
    slip_sigmas: float = 4.0

    hold_band_deg: float = 10.0
    hold_moment_s: float = 2.0
    hold_line_s: float = 3.0
    hold_settles_s: float = 5.0

    short_top_deg: float = -10.0
    overextended_deg: float = 10.0
    swung_ratio: float = 2.5
    range_pm_deg: float = 2.8
    range_pm_share: float = 0.045
    range_pm_acc_only_s2: float = 0.12
    top_pm_deg: float = 1.8
    top_pm_acc_only_s2: float = 0.045
    brief_s: float = 0.2
