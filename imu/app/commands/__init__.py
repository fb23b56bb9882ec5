"""The commands by groups: what each takes, and its help. Their work is done in the modules of `imu/app`."""
