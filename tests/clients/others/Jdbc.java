import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.postgresql.ds.PGPoolingDataSource;

/**
 * What the PostgreSQL driver of Java gets: a line for each thing asked, its name and an answer in JSON.
 *
 * The host and the port are the arguments; the token and the queries are in the environment.
 */
@SuppressWarnings("deprecation")
public final class Jdbc {
    private static final String TOKEN = System.getenv("LAKE_TOKEN");
    private static final String ENDLESS = System.getenv("QUERY_endless");
    private static final int CALLERS = 8;
    private static String host;
    private static int port;

    private Jdbc() {}

    /** Asks for one thing and prints the line; a failure is a line too. */
    private static void tell(String name, Callable<Object> ask) {
        try {
            System.out.println(name + "\t" + json(ask.call()));
        } catch (Exception error) {
            System.out.println(name + "\t{\"error\":" + json(error.toString()) + "}");
        }
    }

    /** Writes lists and texts as JSON; what is neither is written as its text. */
    private static String json(Object value) {
        if (value == null) {
            return "null";
        }
        if (value instanceof List<?> list) {
            return list.stream().map(Jdbc::json).collect(Collectors.joining(",", "[", "]"));
        }
        String text = value.toString().replace("\\", "\\\\").replace("\"", "\\\"");
        return "\"" + text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") + "\"";
    }

    /** Opens a connection with a token as the password. */
    private static Connection connect(String token, String mode) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", "reader");
        properties.setProperty("password", token);
        properties.setProperty("preferQueryMode", mode);
        // From its first run a statement is prepared on the server, so that values come in binary.
        properties.setProperty("prepareThreshold", "-1");
        return DriverManager.getConnection("jdbc:postgresql://" + host + ":" + port + "/carnac", properties);
    }

    /** One value as the text that is compared, made from the object that the driver gives. */
    private static String cell(Object value) {
        if (value instanceof BigDecimal number) {
            return number.toPlainString();
        }
        if (value instanceof Timestamp moment) {
            return moment.toLocalDateTime().toString();
        }
        return value == null ? null : value.toString();
    }

    /** All rows of an answer. */
    private static List<Object> rows(ResultSet answer) throws SQLException {
        List<Object> rows = new ArrayList<>();
        int width = answer.getMetaData().getColumnCount();
        while (answer.next()) {
            List<Object> row = new ArrayList<>();
            for (int place = 1; place <= width; place++) {
                row.add(cell(answer.getObject(place)));
            }
            rows.add(row);
        }
        return rows;
    }

    /** The rows of one query. */
    private static List<Object> ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return rows(statement.executeQuery(sql));
        }
    }

    /** The classes that the columns of a query have for Java. */
    private static List<Object> kinds(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            ResultSet answer = statement.executeQuery(sql);
            List<Object> kinds = new ArrayList<>();
            for (int place = 1; place <= answer.getMetaData().getColumnCount(); place++) {
                String name = answer.getMetaData().getColumnClassName(place);
                kinds.add(name.substring(name.lastIndexOf('.') + 1));
            }
            return kinds;
        }
    }

    /** The SQLSTATE of what must fail. */
    private static String stateOf(Callable<Object> call) throws Exception {
        try {
            return "answered: " + call.call();
        } catch (SQLException error) {
            return error.getSQLState();
        }
    }

    /** Text, date and integer as parameters of one count. */
    private static List<Object> count(Connection connection) throws SQLException {
        try (PreparedStatement count = connection.prepareStatement(System.getenv("QUERY_count_where"))) {
            count.setString(1, "242900074");
            count.setDate(2, Date.valueOf("2019-01-01"));
            count.setInt(3, 12);
            return rows(count.executeQuery());
        }
    }

    /** A parameter of each kind as an answer. */
    private static List<Object> echo(Connection connection) throws SQLException {
        try (PreparedStatement echo = connection.prepareStatement(System.getenv("QUERY_echo"))) {
            echo.setString(1, "l'été");
            echo.setLong(2, 9007199254740993L);
            echo.setDate(3, Date.valueOf("2025-02-28"));
            echo.setBigDecimal(4, new BigDecimal("-1.50"));
            echo.setTimestamp(5, Timestamp.valueOf("2025-02-28 13:45:06"));
            return rows(echo.executeQuery());
        }
    }

    /** NULL as a parameter of each kind. */
    private static List<Object> nulls(Connection connection) throws SQLException {
        try (PreparedStatement echo = connection.prepareStatement(System.getenv("QUERY_echo"))) {
            int[] kinds = {Types.VARCHAR, Types.BIGINT, Types.DATE, Types.NUMERIC, Types.TIMESTAMP};
            for (int place = 1; place <= kinds.length; place++) {
                echo.setNull(place, kinds[place - 1]);
            }
            return rows(echo.executeQuery());
        }
    }

    /** Rows, their sum, the length of their texts, and how many the driver asks for at a time. */
    private static List<Object> big(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(1000);
            ResultSet answer = statement.executeQuery(System.getenv("QUERY_big"));
            long count = 0;
            long sum = 0;
            long length = 0;
            while (answer.next()) {
                count++;
                sum += answer.getLong(1);
                length += answer.getString(2).length();
            }
            return List.of(count, sum, length, answer.getFetchSize());
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /** The state of a query that another thread cancels, and what the connection answers then. */
    private static List<Object> cancelled(Connection connection) throws Exception {
        Timer timer = new Timer(true);
        try (Statement statement = connection.createStatement()) {
            timer.schedule(new TimerTask() {
                @Override
                public void run() {
                    try {
                        statement.cancel();
                    } catch (SQLException error) {
                        System.err.println(error);
                    }
                }
            }, 500);
            String state = stateOf(() -> rows(statement.executeQuery(ENDLESS)));
            return List.of(state, ask(connection, "select 1 as a"));
        } finally {
            timer.cancel();
        }
    }

    /** The same, with the time limit of the statement. */
    private static List<Object> timedOut(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            String state = stateOf(() -> rows(statement.executeQuery(ENDLESS)));
            return List.of(state, ask(connection, "select 1 as a"));
        }
    }

    /** Columns of a list of the driver, by name. */
    private static List<Object> listed(ResultSet answer, String... names) throws SQLException {
        List<Object> rows = new ArrayList<>();
        while (answer.next()) {
            List<Object> row = new ArrayList<>();
            for (String name : names) {
                row.add(answer.getString(name));
            }
            rows.add(row);
        }
        return rows;
    }

    /** What many threads are answered by the connections of one pool. */
    private static List<Object> pool() throws Exception {
        PGPoolingDataSource source = new PGPoolingDataSource();
        source.setDataSourceName("pool");
        source.setServerNames(new String[] {host});
        source.setPortNumbers(new int[] {port});
        source.setDatabaseName("carnac");
        source.setUser("reader");
        source.setPassword(TOKEN);
        source.setMaxConnections(CALLERS / 2);
        ExecutorService threads = Executors.newFixedThreadPool(CALLERS);
        try {
            List<Future<Object>> waiting = new ArrayList<>();
            for (int number = 0; number < 4 * CALLERS; number++) {
                String sql = "select " + number + " + 1 as a";
                waiting.add(threads.submit(() -> {
                    try (Connection connection = source.getConnection()) {
                        return ask(connection, sql);
                    }
                }));
            }
            List<Object> found = new ArrayList<>();
            for (Future<Object> answer : waiting) {
                found.add(((List<?>) ((List<?>) answer.get()).get(0)).get(0));
            }
            return found;
        } finally {
            threads.shutdownNow();
            source.close();
        }
    }

    /** Asks everything of one way of sending queries. */
    private static void tellAll(String mode) throws SQLException {
        try (Connection connection = connect(TOKEN, mode)) {
            for (String query : System.getenv("QUERIES").split(" ")) {
                String sql = System.getenv("QUERY_" + query);
                tell("rows " + query + " " + mode, () -> ask(connection, sql));
            }
            tell("kinds " + mode, () -> kinds(connection, System.getenv("QUERY_literals")));
            tell("count " + mode, () -> count(connection));
            tell("echo " + mode, () -> echo(connection));
            tell("nulls " + mode, () -> nulls(connection));
            tell("error " + mode, () -> List.of(
                stateOf(() -> ask(connection, "select nothing from core.acts")),
                ask(connection, "select 1 as a")));
            tell("big " + mode, () -> big(connection));
            tell("cancelled " + mode, () -> cancelled(connection));
            tell("timed_out " + mode, () -> timedOut(connection));
        }
    }

    /** Asks for the lists of tables, columns, types and keys. */
    private static void tellLists() throws SQLException {
        try (Connection connection = connect(TOKEN, "extended")) {
            DatabaseMetaData data = connection.getMetaData();
            String[] column = {"TABLE_SCHEM", "TABLE_NAME", "COLUMN_NAME"};
            tell("version", data::getDriverVersion);
            tell("schemas", () -> listed(data.getSchemas(), "TABLE_SCHEM"));
            tell("tables", () -> listed(data.getTables(null, null, "%", null), column[0], column[1]));
            tell("tables_of", () -> listed(
                data.getTables("carnac", "indicator", "act%", new String[] {"VIEW"}), column[0], column[1]));
            tell("columns", () -> listed(data.getColumns(null, null, "%", "%"), column));
            tell("types", () -> listed(data.getColumns(null, "core", "contracts", "%"), column[2], "TYPE_NAME"));
            tell("keys", () -> listed(data.getPrimaryKeys(null, "core", "contracts"), column[2]));
            tell("foreign", () -> listed(data.getImportedKeys(null, "core", "contracts"), "FKCOLUMN_NAME"));
            tell("indexes", () -> listed(
                data.getIndexInfo(null, "core", "contracts", false, true), "INDEX_NAME"));
            tell("exported", () -> listed(data.getExportedKeys(null, "core", "contracts"), "FKCOLUMN_NAME"));
            tell("row_identifier", () -> listed(
                data.getBestRowIdentifier(null, "core", "contracts", DatabaseMetaData.bestRowSession, true),
                "COLUMN_NAME"));
            tell("functions", () -> listed(data.getFunctions(null, null, "%"), "FUNCTION_NAME"));
            tell("own_types", () -> listed(data.getUDTs(null, null, "%", null), "TYPE_NAME"));
            tell("type_info", () -> listed(data.getTypeInfo(), "TYPE_NAME"));
            tell("keywords", () -> List.of(List.of(data.getSQLKeywords())));
        }
    }

    /** Asks everything. */
    public static void main(String[] arguments) throws SQLException {
        host = arguments[0];
        port = Integer.parseInt(arguments[1]);
        tell("refused", () -> stateOf(() -> connect(System.getenv("WRONG_TOKEN"), "extended")));
        for (String mode : List.of("simple", "extended")) {
            tellAll(mode);
        }
        tellLists();
        tell("pool", Jdbc::pool);
    }
}
