// A member of a memberlist mesh for `hearsay-bench mesh`. It joins, prints one JSON line for each
// event of a member, broadcasts 128 random bytes on SIGUSR1 and prints what it receives.
package main

import (
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/memberlist"
)

const payloadSize = 128

var (
	printing sync.Mutex
	list     *memberlist.Memberlist
)

func tell(event string, name string, value string) {
	printing.Lock()
	defer printing.Unlock()
	fmt.Printf("{\"at\":%d,\"event\":%q,%q:%q}\n", time.Now().UnixNano(), event, name, value)
}

type events struct{}

func (events) NotifyJoin(node *memberlist.Node)   { tell("up", "member", node.Addr.String()) }
func (events) NotifyLeave(node *memberlist.Node)  { tell("down", "member", node.Addr.String()) }
func (events) NotifyUpdate(node *memberlist.Node) {}

// Passes on a broadcast that is new, as applications on memberlist do.
type relay struct {
	mutex sync.Mutex
	seen  map[string]bool
	queue *memberlist.TransmitLimitedQueue
}

type payload []byte

func (payload) Invalidates(memberlist.Broadcast) bool { return false }
func (p payload) Message() []byte                     { return p }
func (payload) Finished()                             {}

func (r *relay) take(bytes []byte, event string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.seen[string(bytes)] {
		return
	}
	r.seen[string(bytes)] = true
	r.queue.QueueBroadcast(payload(append([]byte(nil), bytes...)))
	tell(event, "payload", hex.EncodeToString(bytes[:8]))
}

func (r *relay) NodeMeta(limit int) []byte { return nil }
func (r *relay) NotifyMsg(bytes []byte)    { r.take(bytes, "received") }
func (r *relay) GetBroadcasts(overhead, limit int) [][]byte {
	return r.queue.GetBroadcasts(overhead, limit)
}
func (r *relay) LocalState(join bool) []byte              { return nil }
func (r *relay) MergeRemoteState(bytes []byte, join bool) {}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func configure(profile string) (*memberlist.Config, error) {
	switch profile {
	case "local":
		return memberlist.DefaultLocalConfig(), nil
	case "lan":
		return memberlist.DefaultLANConfig(), nil
	case "wan":
		return memberlist.DefaultWANConfig(), nil
	}
	return nil, fmt.Errorf("no profile %q: local, lan, wan", profile)
}

func main() {
	name := flag.String("name", "", "of this member")
	bind := flag.String("bind", "127.0.0.1", "address")
	port := flag.Int("port", 7946, "UDP and TCP")
	profile := flag.String("profile", "lan", "local, lan or wan: memberlist's defaults")
	join := flag.String("join", "", "HOST:PORT of a member")
	flag.Parse()

	config, err := configure(*profile)
	fail(err)
	config.Name, config.BindAddr, config.BindPort, config.AdvertisePort = *name, *bind, *port, *port
	config.AdvertiseAddr = *bind
	config.LogOutput = io.Discard
	config.Events = events{}
	spread := &relay{seen: map[string]bool{}}
	spread.queue = &memberlist.TransmitLimitedQueue{
		NumNodes:       func() int { return list.NumMembers() },
		RetransmitMult: config.RetransmitMult,
	}
	config.Delegate = spread
	list, err = memberlist.Create(config)
	fail(err)
	if *join != "" {
		_, err = list.Join([]string{*join})
		fail(err)
	}

	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT)
	for received := range signals {
		if received != syscall.SIGUSR1 {
			list.Leave(time.Second)
			return
		}
		bytes := make([]byte, payloadSize)
		rand.Read(bytes)
		spread.take(bytes, "sent")
	}
}
