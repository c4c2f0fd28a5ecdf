#!/usr/bin/env bash
# The built `tilewise serve` with curl, a client that nobody here wrote: health, JSON, binary tensors, errors, SIGTERM.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
node dist/cli.js serve digits=models/lenet5.onnx --port 0 >"$folder/out" 2>"$folder/err" &
server=$!
trap 'kill -9 $server 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 300); do
  grep -q '^http' "$folder/out" && break
  kill -0 $server || { cat "$folder/err"; exit 1; }
  sleep 0.1
done
model=$(grep -m1 '^http' "$folder/out")
expect() { [ "$1" = "$2" ] || { echo "expected $2, got $1"; exit 1; }; }

expect "$(curl -s -o /dev/null -w '%{http_code}' "${model%/v2/*}/v2/health/ready")" 200
zeros=$(printf '0,%.0s' $(seq 784))
echo "{\"inputs\": [{\"name\": \"input\", \"shape\": [1, 1, 28, 28], \"datatype\": \"FP32\", \"data\": [${zeros%,}]}]}" >"$folder/request"
curl -sf "$model/infer" --data-binary "@$folder/request" >"$folder/json"
node -e 'const [y] = JSON.parse(fs.readFileSync(process.argv[1])).outputs; if (y.shape.join() !== "1,10" || y.data.length !== 10) throw y' "$folder/json"

head='{"inputs": [{"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32", "parameters": {"binary_data_size": 3136}}], "outputs": [{"name": "logits", "parameters": {"binary_data": true}}]}'
{ printf %s "$head"; head -c 3136 /dev/zero; } >"$folder/binary"
curl -sf "$model/infer" -D "$folder/headers" -H "Inference-Header-Content-Length: ${#head}" --data-binary "@$folder/binary" >"$folder/answer"
length=$(sed -n 's/^inference-header-content-length: \([0-9]*\).*/\1/Ip' "$folder/headers")
expect "$(($(stat -c %s "$folder/answer") - length))" 40

expect "$(curl -s -o /dev/null -w '%{http_code}' "$model/infer" -d '{"inputs": 3}')" 400
expect "$(curl -s -o /dev/null -w '%{http_code}' "${model}s/infer" -d '{}')" 404
kill -TERM $server
wait $server
echo 'curl: health, JSON, binary tensors, errors and SIGTERM are right'
