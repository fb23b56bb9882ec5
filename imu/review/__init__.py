"""After the session: what was recorded, as tables to look at, to plot and to publish.

`imu.read_session` and `imu.analyze` are the way in; see `imu.review.tables` for what every table holds.
"""
