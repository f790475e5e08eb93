"""W1 and W2 with Ciw. Usage: ciw_peer.py w1|w2 CUSTOMERS; prints nanoseconds of processor time per customer, and the mean."""

import sys
import time

import ciw

workload, customers = sys.argv[1], int(sys.argv[2])
servers = {"w1": 1, "w2": 8}[workload]
start = time.process_time_ns()
ciw.seed(1)
network = ciw.create_network(
    arrival_distributions=[ciw.dists.Exponential(rate=0.9 * servers)],
    service_distributions=[ciw.dists.Exponential(rate=1.0)],
    number_of_servers=[servers],
)
simulation = ciw.Simulation(network)
simulation.simulate_until_max_customers(customers, method="Finish")
records = simulation.get_all_records()
mean = sum(record.exit_date - record.arrival_date for record in records) / len(records)
print((time.process_time_ns() - start) / customers, mean)
