# rate.py CHUNKS SECONDS: does that many pieces of work, or as many as there is time for, and prints how many
# it has done, ten times a second. A piece is some of everything: dictionaries, strings, sorting, calls, sums.
import sys
import time


class Account:
    def __init__(self, name):
        self.name = name
        self.entries = 0
        self.balance = 0.0

    def book(self, amount):
        self.entries += 1
        self.balance = self.balance * 0.999 + amount


def piece():
    accounts = {}
    for i in range(700):
        name = "account %d" % (i * 7919 % 97)
        if name not in accounts:
            accounts[name] = Account(name)
        accounts[name].book(i ^ 0x55)
    ordered = sorted(accounts.values(), key=lambda account: (account.balance, account.name))
    text = ",".join(f"{account.name}={account.balance:.2f}" for account in ordered)
    words = [word.partition("=")[2] for word in text.split(",")]
    return sum(float(word) for word in words) + sum(x * x % 7 for x in range(500))


chunks, seconds = int(sys.argv[1]), float(sys.argv[2])
start = shown = time.monotonic()
wanted = piece()
done = 1
print(done, flush=True)
while done < chunks:
    if piece() != wanted:
        sys.exit("a piece of work came to something else")
    done += 1
    now = time.monotonic()
    if now - shown >= 0.1:
        shown = now
        print(done, flush=True)
        if now - start >= seconds:
            break
print(done, flush=True)
