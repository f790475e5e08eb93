"""W1 and W2 with cimba: an object for each customer's arrival passes through a store, which as many processes as there are
servers take from.

Usage: cimba_peer.py w1|w2 CUSTOMERS; prints nanoseconds of processor time per customer, and the mean sojourn. The model is
compiled before the clock starts.
"""

import sys
import time

import cimba as cb
import numpy
from cimba import inputs


workload, customers = sys.argv[1], int(sys.argv[2])
servers = {"w1": 1, "w2": 8}[workload]


class Station(cb.Model):
    between: cb.Input[float] = inputs.dist.exponential(mean=1 / (0.9 * servers))
    service: cb.Input[float] = inputs.dist.exponential(mean=1)
    queue: cb.Store[float]
    mean: cb.Output[float]
    total: float = 0.0
    served: int = 0

    @cb.process
    def arrivals(self):
        while True:
            cb.hold(self.between.next())
            self.queue.put(cb.now())

    @cb.process(copies=servers)
    def server(self):
        while True:
            came = self.queue.get()
            cb.hold(self.service.next())
            self.total += cb.now() - came
            self.served += 1

    @cb.on_end
    def measure(self):
        self.mean = self.total / self.served


def run(customers: int) -> float:
    model = Station()
    results = cb.Experiment(model, window=cb.Window(duration=customers / (0.9 * servers)), seed=1).run(workers=1)
    return float(numpy.asarray(results[model].mean).ravel()[0])


run(100)
start = time.process_time_ns()
mean = run(customers)
print((time.process_time_ns() - start) / customers, mean)
