package process_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headwaterhq/headwater/scripts/local/process"
)

// The test's own binary is also the parent that gets killed.
func TestMain(m *testing.M) {
	if os.Getenv("BE_THE_PARENT") != "" {
		cmd := exec.Command("sleep", "60")
		if err := process.NewNursery().Start(cmd); err != nil {
			os.Exit(1)
		}
		fmt.Println(cmd.Process.Pid)
		select {}
	}
	goleak.VerifyTestMain(m)
}

func TestSignalReachesTheWholeGroup(t *testing.T) {
	n := process.NewNursery()
	defer n.Close()
	cmd := exec.Command("sh", "-c", "sleep 60 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(cmd); err != nil {
		t.Fatal(err)
	}
	grandchild := readPID(t, out)
	if err := process.Signal(cmd, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	awaitEnd(t, grandchild)
}

func TestAClosedNurseryStartsNothing(t *testing.T) {
	n := process.NewNursery()
	n.Close()
	if err := n.Start(exec.Command("sleep", "60")); err == nil {
		t.Error("started")
	}
}

func TestAFailedStartIsReported(t *testing.T) {
	n := process.NewNursery()
	defer n.Close()
	if err := n.Start(exec.Command("/nowhere/at/all")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestChildrenDieWithAKilledParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells children that their parent was killed")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), "BE_THE_PARENT=1")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	child := readPID(t, out)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	awaitEnd(t, child)
}

func readPID(t *testing.T, out interface{ Read([]byte) (int, error) }) int {
	t.Helper()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(line[:len(line)-1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// awaitEnd waits until a process is gone, or is a zombie that nobody of ours reaps.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if syscall.Kill(pid, 0) != nil {
			return
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err == nil && len(stat) > 0 && isZombie(string(stat)) {
			return
		}
	}
	t.Errorf("process %d is still there", pid)
}

func isZombie(stat string) bool {
	for i := len(stat) - 1; i >= 0; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] == 'Z'
		}
	}
	return false
}
