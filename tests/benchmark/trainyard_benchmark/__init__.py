"""What tests/benchmark/run consists of."""
