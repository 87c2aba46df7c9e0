// Until the first test.
