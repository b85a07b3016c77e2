"""What the tests of the network set up alike: a private folder, a broker in it, and whatever is closed in the end."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from parties import Broker, Folder, Host, Subscriber  # noqa: E402

TAKE = "20261122-190311-thursday"
P = "woodshed/room1"


class Party(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.close)

    def closing(self, part):
        self.addCleanup(part.close)
        return part


class Hosted(unittest.TestCase):
    """One host for all tests of a class, whose setUpClass makes `folder` and `host`; it has to end well."""

    @classmethod
    def tearDownClass(cls):
        status = cls.host.kill()
        cls.host.close()
        cls.folder.close()
        assert status == 0, status


class Connected(Party):
    """With a broker, which a host connects to unless it is given a `url`."""

    def setUp(self):
        super().setUp()
        self.broker = self.closing(Broker(self.folder.path))

    def host(self, *options, url=None, **more):
        return self.closing(Host(self.folder.path, None if url else self.broker, options=options, url=url, **more))

    def listen(self, topic="#"):
        return self.closing(Subscriber(self.broker.port, topic))

    def request(self, listener, verb, payload, *options):
        self.broker.publish(f"{P}/request/{verb}", payload, *options)
        return listener.wait_json(f"{P}/response/{verb}")
