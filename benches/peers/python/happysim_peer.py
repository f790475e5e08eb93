"""W1 with happysim, as its own quick start builds it.

Usage: happysim_peer.py w1|w2 CUSTOMERS; prints nanoseconds of processor time per customer, and the mean sojourn.
"""

import random
import sys
import time

from happysimulator import Instant, Server, Simulation, Sink, Source
from happysimulator.distributions import ExponentialLatency

workload, customers = sys.argv[1], int(sys.argv[2])
servers = {"w1": 1, "w2": 8}[workload]
rate = 0.9 * servers
start = time.process_time_ns()
random.seed(1)
sink = Sink()
server = Server("server", concurrency=servers, service_time=ExponentialLatency(1.0), downstream=sink)
source = Source.poisson(rate=rate, target=server)
Simulation(sources=[source], entities=[server, sink], end_time=Instant.from_seconds(customers / rate)).run()
taken = time.process_time_ns() - start
print(taken / customers, sink.average_latency())
