import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.ServerVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.util.Set;
import org.h2.mvstore.MVStore;

/**
 * A MongoDB wire server on one file: {@code MongodbLauncher <file> <port>}. Prints one line of JSON when it listens and ends
 * with its standard input, so that it never outlives the one who started it.
 */
public final class MongodbLauncher {
    /** The oldest that today's driver talks to (MongoDB 4.4); the server says 8 and can do all that we ask of it. */
    private static final int WIRE_VERSION = 9;

    private static final Set<String> WRITES =
            Set.of("insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop", "dropDatabase", "dropIndexes");

    public static void main(String[] args) throws Exception {
        Field wireVersion = ServerVersion.class.getDeclaredField("wireVersion");
        wireVersion.setAccessible(true);
        wireVersion.setInt(ServerVersion.MONGO_5_0, WIRE_VERSION);
        MVStore file = new MVStore.Builder().fileName(args[0]).autoCommitDisabled().autoCommitBufferSize(0).open();
        MongoServer server = new MongoServer(new JournaledBackend(file).version(ServerVersion.MONGO_5_0));
        InetSocketAddress address = new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1]));
        server.bind(address);
        System.out.println("{\"port\":" + address.getPort() + "}");
        while (System.in.read() != -1) {}
        // Not `shutdown`: what was not committed must not be saved by a polite end.
        Runtime.getRuntime().halt(0);
    }

    /** Answers a write after it is in the file, and puts no half of another write beside it: what `j: true` means. */
    private static final class JournaledBackend extends H2Backend {
        JournaledBackend(MVStore file) {
            super(file);
        }

        @Override
        public Document handleMessage(MongoMessage message) {
            if (!WRITES.contains(message.getDocument().keySet().iterator().next())) return super.handleMessage(message);
            synchronized (this) {
                Document answer = super.handleMessage(message);
                commit();
                return answer;
            }
        }
    }
}
