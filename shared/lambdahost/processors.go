package lambdahost

import (
	"os"
	"runtime"
	"strconv"
)

// megabytesPerProcessor is the memory with which a function has one processor's
// time; Lambda gives time in proportion (AWS Lambda Developer Guide, "Configure Lambda function memory").
const megabytesPerProcessor = 1769

// Processors is how many threads a function with so much memory has work for at
// once: as many processors as it has time of, to the nearest, and at least one. Lambda shows it two
// at any memory below 3 GB, and a second thread would only use up the time of the
// first: both are then stopped for the rest of the period.
func Processors(megabytes int) int {
	return max(1, (megabytes+megabytesPerProcessor/2)/megabytesPerProcessor)
}

// useProcessors sets what Go runs at once, unless the environment says it by itself.
func useProcessors() {
	megabytes, err := strconv.Atoi(os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	if err != nil || os.Getenv("GOMAXPROCS") != "" {
		return
	}
	runtime.GOMAXPROCS(min(Processors(megabytes), runtime.NumCPU()))
}
