// A Redis for Argo CD: the in-memory server that Argo CD's own command line starts for itself, as a process.
//
// Debian's redis-server would need apt, a Debian and four libraries; this is a module that Argo CD asks for anyway.
package main

import (
	"fmt"
	"log"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: redis HOST:PORT")
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("listens on", server.Addr())
	for range time.Tick(time.Second) {
		server.FastForward(time.Second) // its clock stands still otherwise, and no key would ever expire
	}
}
