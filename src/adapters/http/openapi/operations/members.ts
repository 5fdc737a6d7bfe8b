import { ChannelRelevance, MetricsJson, Nothing } from '../../../../wire/answers.ts';
import { EndpointList, MasterList, RoleInfo, VersionInfo } from '../../../../wire/cluster-members.ts';
import { TaskInfo, TaskList } from '../../../../wire/task-info.ts';
import { named, type Operations } from '../operation.ts';
import { OpenApiDocument } from '../served-document.ts';

const endpoints = named('EndpointList', EndpointList);
const tasks = named('TaskList', TaskList);

/** What a process is and how it is: on masters and workers. */
export const processOperations: Operations = {
  'GET /_api/version': {
    id: 'getVersion',
    summary: 'Version of this process',
    answer: named('VersionInfo', VersionInfo),
  },
  'GET /_api/role': { id: 'getRole', summary: 'What this process is', answer: named('RoleInfo', RoleInfo) },
  'GET /_api/health': {
    id: 'getHealth',
    summary: 'Succeeds while this process is healthy; 503 with the reason otherwise',
    answer: named('Nothing', Nothing),
  },
  'GET /metrics': { id: 'getMetrics', summary: 'Figures in the text format of Prometheus', answer: 'text' },
  'GET /metrics.json': {
    id: 'getMetricsAsJson',
    summary: 'The same figures as JSON, by name',
    answer: named('MetricsJson', MetricsJson),
  },
  'GET /_api/openapi.json': {
    id: 'getOpenApi',
    summary: 'This document',
    answer: named('OpenApiDocument', OpenApiDocument),
  },
};

/** The masters and tasks of a datacenter. */
export const memberOperations: Operations = {
  'GET /_api/endpoints': {
    id: 'getEndpoints',
    summary: 'All living masters, usable from outside the datacenter; never empty',
    answer: endpoints,
  },
  'GET /_api/leader/endpoint': {
    id: 'getLeaderEndpoint',
    summary: 'The leading master, inside the datacenter; empty in the moment of a change',
    answer: endpoints,
  },
  'GET /_api/masters': { id: 'getMasters', summary: 'All masters', answer: named('MasterList', MasterList) },
  'GET /_api/task': { id: 'getTasks', summary: 'All tasks', answer: tasks },
  'GET /_api/task/id/:id': {
    id: 'getTask',
    summary: 'One task',
    answer: named('TaskInfo', TaskInfo),
    failures: { 404: 'there is no such task' },
  },
  'GET /_api/task/channel/:name': { id: 'getTasksOfChannel', summary: 'Tasks of a channel', answer: tasks },
  'GET /_api/mq/channel/:name/is-relevant': {
    id: 'isChannelRelevant',
    summary: 'Whether any task uses a channel; its name is escaped twice',
    answer: named('ChannelRelevance', ChannelRelevance),
  },
};
