"""Conformance: does a sensor speak the protocol of `firmware_proto/README.md`? The firmware maker's tool.

Strategy: a check is one async function with a line that says what holds where it passes and the section of that page
that says so (`table`). It works with a `Bench`: one sensor on a raw link, its answers and frames. `runner` runs them
one by one; a check that fails leaves nothing behind for the next one. What only a virtual sensor lets one choose comes
through a `Lab`, which `imu.app` brings.
"""
