"""Asks one probe after the other, each after the answer to the one before."""
import subprocess

child = subprocess.Popen(
    ["ringfence", "net", "query", "-f", "model.yaml", "--batch", "-"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for port in (80, 443):
    child.stdin.write('{"from":"x/a","to":"x/b","port":%d}\n' % port)
    child.stdin.flush()
    print(port, child.stdout.readline(), end="")
child.stdin.close()
print("exit", child.wait())
