"""`imu live`: the recorder with a page in the browser, for the phone that lies on the floor."""
